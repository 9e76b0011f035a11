"""How far a price has gone, however short it was there."""

from decimal import Decimal

import pytest

from core import clock
from core.exchange.base import MarkPrice
from tasks.market import REMEMBERED_FOR, Recent, spans_of

D = Decimal


def mark(price: int, at: int = 0, symbol: str = "BTCUSDT") -> MarkPrice:
    return MarkPrice(symbol, D(price), D(price), D(0), 0, at)


def test_a_wick_between_two_marks_of_one_message_is_seen() -> None:
    spans = spans_of([mark(100, 1), mark(80, 2), mark(120, 3), mark(101, 4), mark(7, 5, "ETHUSDT")])
    assert {symbol: (span.low.at, span.high.at) for symbol, span in spans.items()} == {
        "BTCUSDT": (2, 3),
        "ETHUSDT": (5, 5),
    }


def test_a_wick_is_remembered_for_some_seconds_and_then_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = [0.0]
    monkeypatch.setattr(clock, "monotonic", lambda: moment[0])
    recent = Recent()
    recent.note([mark(100), mark(80), mark(100)])
    moment[0] += REMEMBERED_FOR
    recent.note([mark(101)])
    span = recent.of(mark(101))
    assert (span.low.mark_price, span.high.mark_price) == (80, 101)
    moment[0] += REMEMBERED_FOR
    recent.note([mark(102)])
    assert recent.of(mark(102)).low.mark_price == 101
