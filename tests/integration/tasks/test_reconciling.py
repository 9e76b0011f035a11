"""In which order the worker does what a reconciliation asks of it."""

from collections.abc import Callable

import pytest

from core import upkeep as core_upkeep
from core.domain.order import OrderStatus
from core.errors import DatabaseUnavailable, GridkeeperError, VenueUnavailable
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


@pytest.mark.parametrize(
    "failing",
    [
        {"tend": DatabaseUnavailable()},
        {"read_books": DatabaseUnavailable()},
        {"read_orders": VenueUnavailable("away"), "put_off_reconciliation": DatabaseUnavailable()},
    ],
    ids=["before the doubts", "before the books", "while it is put off"],
)
def test_a_reconciliation_that_the_database_cuts_off_is_begun_anew_at_once(
    trader: Trader, monkeypatch: pytest.MonkeyPatch, failing: dict[str, GridkeeperError]
) -> None:
    """The account counts as read from its start: an order in doubt, or a key that works again, waits for no routine."""
    monkeypatch.setattr(upkeep, "sender", Done)
    core_upkeep.find_work()
    upkeep.reconcile(trader.account.id)
    assert core_upkeep.find_work().to_reconcile == []
    for name, error in failing.items():
        monkeypatch.setattr(account if hasattr(account, name) else core_upkeep, name, failing_with(error))
    with pytest.raises(DatabaseUnavailable):
        upkeep.reconcile(trader.account.id)
    assert core_upkeep.find_work().to_reconcile == [trader.account.id]


def failing_with(error: GridkeeperError) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise error

    return fail
