"""In which order the worker does what a reconciliation asks of it."""

import pytest

from core.domain.order import OrderStatus
from core.execution.events import Consequences
from core.reconciliation import account
from tasks import upkeep
from tests.integration.core.test_reconciliation import Trader, trader

__all__ = ["trader"]

pytestmark = pytest.mark.usefixtures("database_url", "redis_server")


class Done:
    """Stands for the sender; keeps what was done."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def carry_out(self, consequences: Consequences) -> None:
        self.steps += [attempt.order.client_order_id for attempt in consequences.attempts]

    def read_books(self, account_id: int) -> None:
        self.steps.append("books")


def test_the_counter_order_of_a_fill_that_was_found_is_sent_before_the_books_are_read(
    trader: Trader, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader.send(trader.claimed(0))
    trader.set(trader.order(0), status=OrderStatus.PLACED)
    trader.venue.move("BTCUSDT", str(trader.order(0).price))
    done = Done()
    monkeypatch.setattr(upkeep, "sender", lambda: done)
    monkeypatch.setattr(account, "read_books", done.read_books)
    upkeep.reconcile(trader.account.id)
    assert trader.order(0).client_order_id in done.steps[: done.steps.index("books")]
