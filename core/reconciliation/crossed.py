"""Live orders whose price the market has reached: each is asked for, unless its news comes first."""

import operator
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Float, Row, Select, and_, bindparam, cast, or_, select
from sqlalchemy.orm import Session

from core import bus
from core.clock import now, to_ms
from core.domain.lifecycle import ACTIVE
from core.domain.order import RESTING, Side
from core.models import Fill, GridOrder, GridStrategy
from core.reconciliation import roll

NEWS_WITHIN = timedelta(seconds=3)
TRADES_OF = timedelta(seconds=10)
LATEST_FILLS = 200

_ACTIVE = select(GridStrategy.exchange, GridStrategy.symbol).where(GridStrategy.status.in_(ACTIVE)).distinct()
_NEWEST = select(Fill.id).order_by(Fill.id.desc()).limit(LATEST_FILLS)
_LATEST = select(Fill.exchange, Fill.symbol, Fill.price, Fill.traded_at).where(
    Fill.id.in_(_NEWEST), Fill.traded_at >= bindparam("since")
)


@dataclass(frozen=True, slots=True)
class Reach:
    """An order of `side` at `price` or, where `beyond`, at a better one only, sent before `at` (ms), was reached."""

    side: Side
    price: float  # only to choose whom to ask for: nothing is booked from it
    at: int
    beyond: bool = False

    @property
    def kind(self) -> tuple[Side, bool]:
        return self.side, self.beyond


def watch(session: Session) -> None:
    """Puts them down to be asked for, by how far the mark prices have gone in the last seconds, and by the trades of
    anybody's orders: where one was filled, no better one of before can be left."""
    traded = _by_trades(session)
    symbols: dict[str, list[str]] = defaultdict(list)
    for exchange, symbol in session.execute(_ACTIVE).all():
        symbols[exchange].append(symbol)
    crossed: list[int] = []
    for exchange, names in symbols.items():
        marks = bus.marks(exchange, names)
        for symbol in names:
            mark = marks.get(symbol)
            reached = [*(_by_mark(mark) if mark else ()), *traded[exchange, symbol]]
            if reached:
                bounds = {f"price_{n}": one.price for n, one in enumerate(reached)}
                moments = {f"at_{n}": one.at for n, one in enumerate(reached)}
                live = _live_orders(tuple(one.kind for one in reached))
                crossed += session.scalars(live, {"exchange": exchange, "symbol": symbol, **bounds, **moments})
    # Last: until the commit, the fills of these orders wait.
    roll.ask_for(session, crossed, NEWS_WITHIN)


def _by_mark(mark: Mapping[str, Any]) -> list[Reach]:
    # An order that was sent after the price had been there has not been reached by it.
    return [
        Reach(Side.BUY, float(mark["low"]), mark["low_at"]),
        Reach(Side.BUY, float(mark["mark_price"]), mark["at"]),
        Reach(Side.SELL, float(mark["high"]), mark["high_at"]),
        Reach(Side.SELL, float(mark["mark_price"]), mark["at"]),
    ]


def _by_trades(session: Session) -> dict[tuple[str, str], list[Reach]]:
    """Of the last seconds' fills the lowest and the highest of each symbol."""
    fills: dict[tuple[str, str], list[Row[str, str, Decimal, datetime]]] = defaultdict(list)
    for fill in session.execute(_LATEST, {"since": now() - TRADES_OF}):
        fills[fill.exchange, fill.symbol].append(fill)
    reached: dict[tuple[str, str], list[Reach]] = defaultdict(list)
    for key, trades in fills.items():
        low, high = min(trades, key=lambda one: one.price), max(trades, key=lambda one: one.price)
        reached[key] = [
            Reach(Side.BUY, float(low.price), to_ms(low.traded_at), beyond=True),
            Reach(Side.SELL, float(high.price), to_ms(high.traded_at), beyond=True),
        ]
    return reached


@cache
def _live_orders(kinds: tuple[tuple[Side, bool], ...]) -> Select[int]:
    """Ids of those that were reached and that nobody asks for yet, by the price and moment of a Reach of each kind."""
    return select(GridOrder.id).where(
        GridOrder.exchange == bindparam("exchange"),
        GridOrder.symbol == bindparam("symbol"),
        GridOrder.status.in_(RESTING),
        GridOrder.next_check_at.is_(None),
        or_(*(_is_reached(side, beyond, n) for n, (side, beyond) in enumerate(kinds))),
    )


def _is_reached(side: Side, beyond: bool, number: int) -> ColumnElement[bool]:
    better, as_good = (operator.gt, operator.ge) if side is Side.BUY else (operator.lt, operator.le)
    within = (better if beyond else as_good)(cast(GridOrder.price, Float), bindparam(f"price_{number}"))
    return and_(GridOrder.side == side, within, GridOrder.sent_at < bindparam(f"at_{number}"))
