"""What a listener forwards, and when."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from core.domain.order import OrderNews, OrderStatus, Side
from core.errors import VenueUnavailable
from core.exchange.base import StreamEvent
from tasks import listener

D = Decimal


def event(status: OrderStatus) -> StreamEvent:
    news = OrderNews("ETHUSDT", "gk", "1", Side.BUY, D(1), D(1), D(0), status, 0)
    return StreamEvent(news, None, 0)


@dataclass
class Script:
    """A stream that says its lines and ends; a line without events is a read that timed out."""

    lines: list[list[StreamEvent]]
    waits: list[float] = field(default_factory=list)

    def read(self, timeout: float) -> list[Any]:
        self.waits.append(timeout)
        if not self.lines:
            raise VenueUnavailable("over")
        return list(self.lines.pop(0))

    def close(self) -> None: ...


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The statuses in each message that was enqueued."""
    messages: list[list[str]] = []

    def ring(task_name: str, account_id: int, events: list[dict[str, Any]] | None = None) -> bool:
        if events is not None:
            messages.append([one["news"]["status"] for one in events])
        return True

    monkeypatch.setattr(listener, "ring", ring)
    return messages


def forward(*lines: list[StreamEvent]) -> Script:
    script = Script([list(line) for line in lines])
    with pytest.raises(VenueUnavailable):
        listener.Forwarder(7).forward(script)
    return script


def test_a_fill_is_forwarded_at_once(rung: list[list[str]]) -> None:
    filled = event(OrderStatus.FILLED)
    forward([], [filled], [filled])
    assert rung == [["FILLED"], ["FILLED"]]


def test_word_of_orders_that_rest_goes_with_the_next_fill(rung: list[list[str]]) -> None:
    filled, rests = event(OrderStatus.FILLED), event(OrderStatus.PLACED)
    forward([], [rests], [rests], [filled], [filled])
    assert rung == [["FILLED", "PLACED", "PLACED"], ["FILLED"]]


def test_without_a_fill_word_of_resting_orders_is_told_once_a_second(
    rung: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter(range(0, 100, 2))
    monkeypatch.setattr(listener.clock, "monotonic", lambda: next(moments) / 4)
    rests = event(OrderStatus.PLACED)
    forward([], [rests], [rests], [], [], [])
    assert rung == [["PLACED", "PLACED"]]
