"""The door for fills."""

from typing import Any

from core.bus import note_missed
from core.domain.order import OrderStatus
from core.exchange.wire import decode
from core.execution.rates import take
from core.execution.together import Together
from tasks.app import app, sender

_together = Together()


@app.task(name="tasks.orders.handle_events")  # type: ignore[untyped-decorator]
def handle_events(account_id: int, events: list[dict[str, Any]]) -> None:
    """Books the events of one account and sends what follows from them."""
    decoded = [decode(event) for event in events]
    filled = sum(event.news.status is OrderStatus.FILLED for event in decoded)
    try:
        tokens = take(account_id, filled)
        consequences = _together.book(account_id, decoded, tokens)
    except Exception:
        # Whatever it was: the account is read from the venue again.
        note_missed(account_id)
        raise
    sender().carry_out(consequences)
