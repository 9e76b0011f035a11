"""The venue's dicts to our types, at the border and nowhere else."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from core.domain.order import OrderNews, OrderStatus, Side, Trade
from core.domain.symbol_rules import Bracket
from core.errors import VenueRefused, VenueUnavailable
from core.exchange.base import (
    AccountMode,
    Balance,
    Candle,
    FundingPaid,
    Income,
    MarkPrice,
    NewOrder,
    Position,
    StreamEvent,
    SymbolSetting,
    UserEvent,
)
from core.exchange.binance.numbers import decimal_of

Row = dict[str, Any]
Parsed = TypeVar("Parsed")

_ZERO = Decimal(0)
_STATUS = {
    "NEW": OrderStatus.PLACED,
    "NEW_INSURANCE": OrderStatus.PLACED,  # liquidation orders, taken over
    "NEW_ADL": OrderStatus.PLACED,
    "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,  # self-trade prevention
    "REJECTED": OrderStatus.EXPIRED,  # ended by the venue after it had an id
}
_CONDITIONAL_STATUS = {
    "NEW": OrderStatus.PLACED,
    "CANCELED": OrderStatus.CANCELED,
    "EXPIRED": OrderStatus.EXPIRED,
    "REJECTED": OrderStatus.EXPIRED,  # its trigger came, and the order it became was refused
}
_STREAMED_CONDITIONAL = {  # the stream's short names, and REST's
    "s": "symbol",
    "caid": "clientAlgoId",
    "aid": "algoId",
    "S": "side",
    "tp": "triggerPrice",
    "q": "quantity",
    "X": "algoStatus",
}
_TRIGGERED = ("TRIGGERING", "TRIGGERED", "FINISHED")
_HEDGE_MODE = -4061


def parsed(parser: Callable[[Any], Parsed], content: Any) -> Parsed:
    """`parser(content)`. Raises VenueUnavailable where the answer has not the shape it should have."""
    try:
        return parser(content)
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise VenueUnavailable(f"unusable answer: {type(error).__name__}", "unusable_answer") from error


def each(parser: Callable[[Row], Parsed]) -> Callable[[Any], list[Parsed]]:
    """A parser for a list of what `parser` takes."""
    return lambda rows: [parser(row) for row in rows]


def order_news(row: Row) -> OrderNews:
    """An order as REST describes it."""
    return OrderNews(
        symbol=row["symbol"],
        client_order_id=row["clientOrderId"],
        order_id=str(row["orderId"]),
        side=Side(row["side"]),
        price=decimal_of(row["price"]),
        quantity=decimal_of(row["origQty"]),
        filled_quantity=decimal_of(row["executedQty"]),
        status=_STATUS[row["status"]],
        updated_at=int(row["updateTime"]),
    )


def placed_news(row: Row, order: NewOrder) -> OrderNews:
    """The answer to a placement. An acknowledgement may leave out whatever the request had said."""
    sent = {
        "symbol": order.symbol,
        "clientOrderId": order.client_order_id,
        "side": order.side,
        "price": order.price or _ZERO,
        "origQty": order.quantity,
        "executedQty": _ZERO,
        "status": "NEW",
        "updateTime": order.timestamp,
    }
    return order_news({**sent, **row})


def conditional_news(row: Row) -> OrderNews:
    """A conditional order as REST and the order API describe it. A triggered one counts as placed: the ordinary order
    that it has become tells the rest."""
    status = row["algoStatus"]
    return OrderNews(
        symbol=row["symbol"],
        client_order_id=row["clientAlgoId"],
        order_id="",
        side=Side(row["side"]),
        price=decimal_of(row["triggerPrice"]),
        quantity=decimal_of(row.get("quantity") or "0"),
        filled_quantity=_ZERO,
        status=OrderStatus.PLACED if status in _TRIGGERED else _CONDITIONAL_STATUS[status],
        updated_at=int(row["updateTime"]),
        algo_id=str(row["algoId"]),
    )


def is_triggered(row: Row) -> bool:
    return row["algoStatus"] in _TRIGGERED


def no_news(row: Row) -> None:
    """Of an answer that says no more than that the request was taken."""


def trade(row: Row) -> Trade:
    """A row of the account's trade list."""
    return Trade(
        symbol=row["symbol"],
        trade_id=str(row["id"]),
        order_id=str(row["orderId"]),
        side=Side(row["side"]),
        price=decimal_of(row["price"]),
        quantity=decimal_of(row["qty"]),
        fee=decimal_of(row["commission"]),
        fee_asset=row["commissionAsset"],
        realized_pnl=decimal_of(row["realizedPnl"]),
        is_maker=bool(row["maker"]),
        traded_at=int(row["time"]),
    )


def stream_event(message: Row) -> StreamEvent:
    """An ORDER_TRADE_UPDATE."""
    order = message["o"]
    reason = str(order.get("er", "0"))
    return StreamEvent(
        news=_streamed_news(order),
        trade=_streamed_trade(order),
        event_time=int(message["E"]),
        expiry_reason="" if reason == "0" else reason,
    )


def conditional_event(message: Row) -> list[UserEvent]:
    """An ALGO_UPDATE. From the trigger on the events of the ordinary order tell the rest."""
    order = message["o"]
    if order["X"] in _TRIGGERED:
        return []
    row = {name: order[short] for short, name in _STREAMED_CONDITIONAL.items() if short in order}
    news = conditional_news({**row, "updateTime": message["T"]})
    return [StreamEvent(news, None, int(message["E"]), str(order.get("rm") or ""))]


def _streamed_news(order: Row) -> OrderNews:
    return OrderNews(
        symbol=order["s"],
        client_order_id=order["c"],
        order_id=str(order["i"]),
        side=Side(order["S"]),
        price=decimal_of(order["p"]),
        quantity=decimal_of(order["q"]),
        filled_quantity=decimal_of(order["z"]),
        status=_STATUS[order["X"]],
        updated_at=int(order["T"]),
    )


def _streamed_trade(order: Row) -> Trade | None:
    # CALCULATED is a liquidation; it may come without a trade id, and then the trade list has it.
    if order["x"] not in ("TRADE", "CALCULATED") or int(order.get("t", 0)) <= 0:
        return None
    return Trade(
        symbol=order["s"],
        trade_id=str(order["t"]),
        order_id=str(order["i"]),
        side=Side(order["S"]),
        price=decimal_of(order["L"]),
        quantity=decimal_of(order["l"]),
        fee=decimal_of(order.get("n") or "0"),
        fee_asset=order.get("N") or "",
        realized_pnl=decimal_of(order.get("rp") or "0"),
        is_maker=bool(order["m"]),
        traded_at=int(order["T"]),
        client_order_id=order["c"],
    )


def account_update(message: Row) -> list[UserEvent]:
    """An ACCOUNT_UPDATE: word of funding, or nothing that the order events do not say better."""
    return [FundingPaid(int(message["E"]))] if message["a"]["m"] == "FUNDING_FEE" else []


def candle(row: list[Any]) -> Candle:
    opened_at, opening, high, low, close, volume, closed_at = row[:7]
    return Candle(
        open_time=int(opened_at),
        open=decimal_of(opening),
        high=decimal_of(high),
        low=decimal_of(low),
        close=decimal_of(close),
        volume=decimal_of(volume),
        close_time=int(closed_at),
    )


def streamed_mark(row: Row) -> MarkPrice:
    """A markPriceUpdate; the funding rate is empty for contracts that have none."""
    return MarkPrice(
        symbol=row["s"],
        mark_price=decimal_of(row["p"]),
        index_price=decimal_of(row.get("i") or "0"),
        funding_rate=decimal_of(row.get("r") or "0"),
        next_funding_at=int(row.get("T") or 0),
        at=int(row["E"]),
    )


def bracket(row: Row) -> Bracket:
    return Bracket(
        notional_floor=decimal_of(row["notionalFloor"]),
        notional_cap=decimal_of(row["notionalCap"]),
        max_leverage=int(row["initialLeverage"]),
        maintenance_rate=decimal_of(row["maintMarginRatio"]),
        cum=decimal_of(row["cum"]),
    )


def brackets(content: Any) -> tuple[Bracket, ...]:
    """The venue answers with a list or, for one symbol, with an object."""
    table = content[0] if isinstance(content, list) else content
    return tuple(sorted(each(bracket)(table["brackets"]), key=lambda tier: tier.notional_floor))


def position(row: Row) -> Position:
    """A one-way position. Raises VenueRefused for a leg of hedge mode: legs must not be netted by mistake."""
    if row["positionSide"] != "BOTH":
        raise VenueRefused(_HEDGE_MODE, "the account is in hedge mode")
    return Position(
        symbol=row["symbol"],
        quantity=decimal_of(row["positionAmt"]),
        entry_price=decimal_of(row["entryPrice"]),
        mark_price=decimal_of(row["markPrice"]),
        liquidation_price=decimal_of(row["liquidationPrice"]),
        unrealized_pnl=decimal_of(row["unRealizedProfit"]),
        maintenance_margin=decimal_of(row["maintMargin"]),
        initial_margin=decimal_of(row["initialMargin"]),
        isolated_wallet=decimal_of(row["isolatedWallet"]),
    )


def balance(row: Row) -> Balance:
    return Balance(
        asset=row["asset"],
        wallet_balance=decimal_of(row["balance"]),
        available_balance=decimal_of(row["availableBalance"]),
    )


def income(row: Row) -> Income:
    return Income(
        symbol=row["symbol"],
        income_type=row["incomeType"],
        amount=decimal_of(row["income"]),
        asset=row["asset"],
        at=int(row["time"]),
        tran_id=str(row["tranId"]),
        trade_id=str(row.get("tradeId") or ""),
    )


def symbol_setting(content: Any) -> SymbolSetting:
    row = content[0] if isinstance(content, list) else content
    return SymbolSetting(symbol=row["symbol"], leverage=int(row["leverage"]), margin_type=row["marginType"].upper())


def account_mode(row: Row, can_withdraw: bool) -> AccountMode:
    return AccountMode(
        hedge_mode=bool(row["dualSidePosition"]),
        multi_assets_mode=bool(row["multiAssetsMargin"]),
        can_withdraw=can_withdraw,
    )
