"""Settings of an account, and its listen key."""

import secrets
from typing import Any

from core.paper.engine import settings
from core.paper.engine.accounts import Account
from core.paper.engine.exchange import Exchange
from core.paper.engine.numbers import plain
from core.paper.engine.refusals import refusal
from core.paper.server.call import Call

Json = dict[str, Any]
_DONE: Json = {"code": 200, "msg": "success"}


def set_leverage(call: Call) -> Json:
    leverage = call.params.integer("leverage")
    holding = settings.set_leverage(call.exchange, call.account, call.params.text("symbol"), leverage)
    cap = call.exchange.market(holding.symbol).rules.max_notional(leverage)
    return {"leverage": leverage, "maxNotionalValue": plain(cap), "symbol": holding.symbol}


def set_margin_type(call: Call) -> Json:
    wanted = call.params.choice("marginType", ("ISOLATED", "CROSSED"), -1130)
    settings.set_margin_type(call.exchange, call.account, call.params.text("symbol"), wanted == "ISOLATED")
    return _DONE


def position_mode(call: Call) -> Json:
    return {"dualSidePosition": call.account.hedge_mode}


def set_position_mode(call: Call) -> Json:
    settings.set_hedge_mode(call.exchange, call.account, call.params.flag("dualSidePosition", None))
    return _DONE


def multi_assets(call: Call) -> Json:
    return {"multiAssetsMargin": call.account.multi_assets}


def set_multi_assets(call: Call) -> Json:
    settings.set_multi_assets(call.exchange, call.account, call.params.flag("multiAssetsMargin", None))
    return _DONE


def account_config(call: Call) -> Json:
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": False,
        "dualSidePosition": call.account.hedge_mode,
        "multiAssetsMargin": call.account.multi_assets,
        "tradeGroupId": -1,
        "updateTime": call.account.created,
    }


def symbol_config(call: Call) -> list[Json]:
    wanted = call.params.optional("symbol")
    if wanted:
        call.exchange.market(wanted)
    return [
        _symbol_config(call.exchange, call.account, symbol)
        for symbol in call.exchange.markets
        if wanted in ("", symbol)
    ]


def _symbol_config(exchange: Exchange, account: Account, symbol: str) -> Json:
    seat = exchange.seat(account, symbol)
    return {
        "symbol": symbol,
        "marginType": "ISOLATED" if seat.holding.isolated else "CROSSED",
        "isAutoAddMargin": False,
        "leverage": seat.holding.leverage,
        "maxNotionalValue": plain(seat.market.rules.max_notional(seat.holding.leverage)),
    }


def order_limits(call: Call) -> list[Json]:
    return call.venue.limits.order_counts(call.account.id, call.exchange.now())


# --- listen keys


def open_listen_key(call: Call) -> Json:
    return {"listenKey": call.venue.hub.open_key(call.account, secrets.token_hex(32))}


def extend_listen_key(call: Call) -> Json:
    if not call.account.listen_key:
        raise refusal(-1125)
    return open_listen_key(call)


def close_listen_key(call: Call) -> Json:
    if not call.account.listen_key:
        raise refusal(-1125)
    call.venue.hub.close_key(call.account)
    return {}
