"""Balances, positions, ledger and fees of an account."""

from typing import Any

from core.paper.engine import margin
from core.paper.engine.accounts import Account, Holding
from core.paper.engine.exchange import ASSET, MAKER_FEE, TAKER_FEE, Exchange
from core.paper.engine.margin import Stake, Totals
from core.paper.engine.market import Market
from core.paper.engine.numbers import money, plain
from core.paper.server.call import Call
from core.paper.server.order_calls import window
from core.paper.server.setting_calls import account_config

Json = dict[str, Any]


# --- balances and positions


def balance(call: Call) -> list[Json]:
    totals = margin.totals(call.account, call.exchange.markets)
    return [
        {
            "accountAlias": f"paper{call.account.id}",
            "asset": ASSET,
            "balance": money(totals.wallet),
            "crossWalletBalance": money(totals.cross_wallet),
            "crossUnPnl": money(totals.cross_unrealized),
            "availableBalance": money(totals.available),
            "maxWithdrawAmount": money(totals.available),
            "marginAvailable": True,
            "updateTime": call.exchange.now(),
        }
    ]


def account_v3(call: Call) -> Json:
    """Only symbols with a position or an order."""
    totals = margin.totals(call.account, call.exchange.markets)
    return _summary(totals) | {
        "assets": [_asset(totals, call.exchange.now())],
        "positions": [_account_position(holding, market) for holding, market in _in_use(call.exchange, call.account)],
    }


def account_v2(call: Call) -> Json:
    """Every symbol, with its settings."""
    totals = margin.totals(call.account, call.exchange.markets)
    seats = [call.exchange.seat(call.account, symbol) for symbol in call.exchange.markets]
    return (
        account_config(call)
        | _summary(totals)
        | {
            "assets": [_asset(totals, call.exchange.now()) | {"marginAvailable": True}],
            "positions": [
                _account_position(seat.holding, seat.market) | _position_settings(seat.holding, seat.market)
                for seat in seats
            ],
        }
    )


def _summary(totals: Totals) -> Json:
    initial = totals.position_initial + totals.order_initial
    return {
        "totalInitialMargin": money(initial),
        "totalMaintMargin": money(totals.maintenance),
        "totalWalletBalance": money(totals.wallet),
        "totalUnrealizedProfit": money(totals.unrealized),
        "totalMarginBalance": money(totals.wallet + totals.unrealized),
        "totalPositionInitialMargin": money(totals.position_initial),
        "totalOpenOrderInitialMargin": money(totals.order_initial),
        "totalCrossWalletBalance": money(totals.cross_wallet),
        "totalCrossUnPnl": money(totals.cross_unrealized),
        "availableBalance": money(totals.available),
        "maxWithdrawAmount": money(totals.available),
    }


def _asset(totals: Totals, now: int) -> Json:
    return {
        "asset": ASSET,
        "walletBalance": money(totals.wallet),
        "unrealizedProfit": money(totals.unrealized),
        "marginBalance": money(totals.wallet + totals.unrealized),
        "maintMargin": money(totals.maintenance),
        "initialMargin": money(totals.position_initial + totals.order_initial),
        "positionInitialMargin": money(totals.position_initial),
        "openOrderInitialMargin": money(totals.order_initial),
        "crossWalletBalance": money(totals.cross_wallet),
        "crossUnPnl": money(totals.cross_unrealized),
        "availableBalance": money(totals.available),
        "maxWithdrawAmount": money(totals.available),
        "updateTime": now,
    }


def _account_position(holding: Holding, market: Market) -> Json:
    stake = margin.stake(holding, market)
    return {
        "symbol": holding.symbol,
        "positionSide": "BOTH",
        "positionAmt": plain(holding.quantity),
        "unrealizedProfit": money(stake.unrealized),
        "isolatedMargin": money(_isolated_margin(holding, stake)),
        "notional": money(stake.notional),
        "isolatedWallet": money(holding.isolated_wallet),
        "initialMargin": money(stake.initial),
        "maintMargin": money(stake.maintenance),
        "updateTime": holding.updated,
    }


def _position_settings(holding: Holding, market: Market) -> Json:
    stake = margin.stake(holding, market)
    return {
        "leverage": str(holding.leverage),
        "isolated": holding.isolated,
        "entryPrice": plain(holding.entry_price),
        "maxNotional": plain(market.rules.max_notional(holding.leverage)),
        "positionInitialMargin": money(stake.position_initial),
        "openOrderInitialMargin": money(stake.order_initial),
        "bidNotional": money(holding.bids),
        "askNotional": money(holding.asks),
    }


def position_risk_v3(call: Call) -> list[Json]:
    """Only symbols with a position or an order: empty when there is none."""
    symbol = call.params.optional("symbol")
    return [
        _position_risk(call, holding, market)
        for holding, market in _in_use(call.exchange, call.account)
        if symbol in ("", holding.symbol)
    ]


def position_risk_v2(call: Call) -> list[Json]:
    """Every symbol, with its settings."""
    symbol = call.params.optional("symbol")
    seats = [call.exchange.seat(call.account, one) for one in call.exchange.markets if symbol in ("", one)]
    return [
        _position_risk(call, seat.holding, seat.market)
        | {
            "leverage": str(seat.holding.leverage),
            "marginType": "isolated" if seat.holding.isolated else "cross",
            "isAutoAddMargin": "false",
            "maxNotionalValue": plain(seat.market.rules.max_notional(seat.holding.leverage)),
        }
        for seat in seats
    ]


def _position_risk(call: Call, holding: Holding, market: Market) -> Json:
    stake = margin.stake(holding, market)
    liquidation = margin.liquidation_price(call.account, holding, call.exchange.markets)
    return {
        "symbol": holding.symbol,
        "positionSide": "BOTH",
        "positionAmt": plain(holding.quantity),
        "entryPrice": plain(holding.entry_price),
        "breakEvenPrice": plain(holding.entry_price),
        "markPrice": money(market.price),
        "unRealizedProfit": money(stake.unrealized),
        "liquidationPrice": format(liquidation, ".8f") if liquidation else "0",
        "isolatedMargin": money(_isolated_margin(holding, stake)),
        "notional": money(stake.notional),
        "marginAsset": ASSET,
        "isolatedWallet": money(holding.isolated_wallet),
        "initialMargin": money(stake.initial),
        "maintMargin": money(stake.maintenance),
        "positionInitialMargin": money(stake.position_initial),
        "openOrderInitialMargin": money(stake.order_initial),
        "adl": 0,
        "bidNotional": money(holding.bids),
        "askNotional": money(holding.asks),
        "updateTime": holding.updated,
    }


def _isolated_margin(holding: Holding, stake: Stake) -> Any:
    return holding.isolated_wallet + stake.unrealized if holding.isolated else holding.isolated_wallet


def _in_use(exchange: Exchange, account: Account) -> list[tuple[Holding, Market]]:
    return [
        (holding, exchange.markets[symbol])
        for symbol, holding in account.holdings.items()
        if holding.quantity or holding.orders
    ]


# --- ledger and fees


def income(call: Call) -> list[Any]:
    """The ledger from startTime on, or of the last seven days; ascending."""
    params, now = call.params, call.exchange.now()
    start, end = params.maybe_integer("startTime"), params.maybe_integer("endTime")
    if start is None and end is None:
        start, end = window(params, now)
    return call.venue.store.docs(
        "SELECT doc FROM incomes WHERE account = ? AND time BETWEEN ? AND ? "
        "AND (symbol = ? OR ? = '') AND (type = ? OR ? = '') ORDER BY id LIMIT ?",
        call.account.id,
        start or 0,
        now if end is None else end,
        *[params.optional("symbol")] * 2,
        *[params.optional("incomeType")] * 2,
        params.limit(100, 1000),
    )


def commission_rate(call: Call) -> Json:
    return {
        "symbol": call.exchange.market(call.params.text("symbol")).symbol,
        "makerCommissionRate": plain(MAKER_FEE),
        "takerCommissionRate": plain(TAKER_FEE),
        "rpiCommissionRate": "0",
    }


def leverage_bracket(call: Call) -> list[Json]:
    if call.params.has("symbol"):
        return [_brackets(call.exchange.market(call.params.text("symbol")))]
    return [_brackets(market) for market in call.exchange.markets.values()]


def _brackets(market: Market) -> Json:
    return {"symbol": market.symbol, "notionalCoef": 1.0, "brackets": market.rules.bracket_rows}
