"""The user stream's events, as the venue writes them."""

from decimal import Decimal
from typing import Any

from core.paper.engine.accounts import Account, Holding
from core.paper.engine.exchange import ASSET, Event
from core.paper.engine.numbers import ZERO, average, money, plain
from core.paper.engine.orders import Algo, Order, Trade


def trade_lite(order: Order, trade: Trade) -> Event:
    return {
        "e": "TRADE_LITE",
        "E": trade.time,
        "T": trade.time,
        "s": order.symbol,
        "q": plain(order.quantity),
        "p": plain(order.price),
        "m": trade.maker,
        "c": order.client_id,
        "S": order.side,
        "L": plain(trade.price),
        "l": plain(trade.quantity),
        "t": trade.id,
        "i": order.id,
    }


def order_update(
    order: Order, holding: Holding, execution: str, now: int, *, trade: Trade | None = None, reason: str = "0"
) -> Event:
    """ORDER_TRADE_UPDATE. `execution` is x; `reason` is er, why it expired."""
    body: dict[str, Any] = {
        "s": order.symbol,
        "c": order.client_id,
        "S": order.side,
        "o": order.type,
        "f": order.time_in_force,
        "q": plain(order.quantity),
        "p": plain(order.price),
        "ap": plain(average(order.quote, order.filled)),
        "sp": plain(order.stop_price),
        "x": execution,
        "X": order.status,
        "i": order.id,
        "l": plain(trade.quantity) if trade else "0",
        "z": plain(order.filled),
        "L": plain(trade.price) if trade else "0",
        "n": money(trade.fee) if trade else "0",
        "N": ASSET,
        "T": now,
        "t": trade.id if trade else 0,
        "b": money(holding.bids),
        "a": money(holding.asks),
        "m": trade.maker if trade else False,
        "R": order.reduce_only,
        "wt": order.working_type,
        "ot": order.original_type or order.type,
        "ps": "BOTH",
        "cp": order.close_position,
        "pP": order.price_protect,
        "si": 0,
        "ss": 0,
        "rp": money(trade.realized) if trade else "0",
        "V": order.stp,
        "pm": "NONE",
        "gtd": 0,
        "er": reason,
    }
    return {"e": "ORDER_TRADE_UPDATE", "T": now, "E": now, "o": body}


def account_update(account: Account, holding: Holding, mark: Decimal, now: int) -> Event:
    """ACCOUNT_UPDATE after a fill."""
    return _account_update(account, "ORDER", now, [_position(holding, mark)])


def _account_update(
    account: Account, reason: str, now: int, positions: list[dict[str, str]], change: Decimal = ZERO
) -> Event:
    """`change` is bc, by how much the wallet moved for other reasons than profit and fees."""
    body: dict[str, Any] = {
        "B": [{"a": ASSET, "wb": money(account.wallet), "cw": money(account.cross_wallet), "bc": money(change)}],
        "P": positions,
        "m": reason,
    }
    return {"e": "ACCOUNT_UPDATE", "T": now, "E": now, "a": body}


def funding_update(account: Account, holding: Holding, mark: Decimal, now: int, amount: Decimal) -> Event:
    """A cross position's funding event carries the balance alone; `S` names the symbol, with funding only."""
    positions = [_position(holding, mark)] if holding.isolated else []
    event = _account_update(account, "FUNDING_FEE", now, positions, amount)
    event["a"]["S"] = holding.symbol
    return event


def insurance_update(account: Account, now: int, amount: Decimal) -> Event:
    return _account_update(account, "INSURANCE_CLEAR", now, [], amount)


def _position(holding: Holding, mark: Decimal) -> dict[str, str]:
    return {
        "s": holding.symbol,
        "pa": plain(holding.quantity),
        "ep": plain(holding.entry_price),
        "cr": money(holding.realized),
        "up": money(holding.unrealized(mark)),
        "mt": "isolated" if holding.isolated else "cross",
        "iw": money(holding.isolated_wallet),
        "ps": "BOTH",
        "ma": ASSET,
        "bep": plain(holding.entry_price),
    }


def leverage_update(holding: Holding, now: int) -> Event:
    return {
        "e": "ACCOUNT_CONFIG_UPDATE",
        "E": now,
        "T": now,
        "ac": {"s": holding.symbol, "l": holding.leverage},
    }


def algo_update(algo: Algo, now: int) -> Event:
    """ALGO_UPDATE; before the trigger it has none of the fields of the order that follows."""
    body: dict[str, Any] = {
        "caid": algo.client_id,
        "aid": algo.id,
        "at": "CONDITIONAL",
        "o": algo.type,
        "s": algo.symbol,
        "S": algo.side,
        "ps": "BOTH",
        "f": algo.time_in_force,
        "q": plain(algo.quantity),
        "X": algo.status,
        "ai": str(algo.order_id) if algo.order_id else "",
        "tp": plain(algo.trigger_price),
        "p": plain(algo.price),
        "V": algo.stp,
        "wt": algo.working_type,
        "pm": "NONE",
        "cp": algo.close_position,
        "pP": algo.price_protect,
        "R": algo.reduce_only,
        "tt": algo.triggered,
        "gtd": 0,
    }
    if algo.status not in ("NEW", "CANCELED"):
        body |= {
            "ap": plain(algo.actual_price),
            "aq": plain(algo.actual_quantity),
            "act": "LIMIT" if algo.price else "MARKET",
            "rm": algo.reason,
        }
    return {"e": "ALGO_UPDATE", "T": now, "E": now, "o": body}
