"""The door for fills."""

from typing import Any

from core.bus import note_missed
from core.db import Session
from core.domain.order import OrderStatus
from core.exchange.wire import decode
from core.execution.events import apply_events
from core.execution.rates import take
from tasks.app import app, sender


@app.task(name="tasks.orders.handle_events")  # type: ignore[untyped-decorator]
def handle_events(account_id: int, events: list[dict[str, Any]]) -> None:
    """Books the events of one account and sends what follows from them."""
    decoded = [decode(event) for event in events]
    filled = sum(event.news.status is OrderStatus.FILLED for event in decoded)
    try:
        tokens = take(account_id, filled)
        with Session.begin() as session:
            consequences = apply_events(session, account_id, decoded, tokens)
    except Exception:
        # Whatever it was: the account is read from the venue again.
        note_missed(account_id)
        raise
    sender().carry_out(consequences)
