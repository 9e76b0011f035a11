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


def test_a_fill_takes_what_waited_with_it(rung: list[list[str]]) -> None:
    filled, rests = event(OrderStatus.FILLED), event(OrderStatus.PLACED)
    forward([filled], [rests], [filled])
    assert rung == [["FILLED"], ["PLACED", "FILLED"]]


def test_while_something_waits_the_stream_is_read_for_no_longer_than_it_may(rung: list[list[str]]) -> None:
    script = forward([event(OrderStatus.FILLED)], [event(OrderStatus.PLACED)])
    assert script.waits == [listener.READ_FOR, listener.READ_FOR, listener.PATIENCE]


def test_word_of_a_new_order_waits_no_longer_than_its_patience(
    rung: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter(range(100))
    monkeypatch.setattr(listener.clock, "monotonic", lambda: float(next(moments)))
    forward([event(OrderStatus.FILLED)], [event(OrderStatus.PLACED)], [])
    assert rung == [["FILLED"], ["PLACED"]]
