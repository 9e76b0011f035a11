"""The door for fills."""

from typing import Any

from core.bus import note_missed
from core.domain.order import OrderStatus
from core.exchange.wire import decode
from core.execution.events import findings_of
from core.execution.rates import take
from tasks.app import app, sender, together


@app.task(name="tasks.orders.handle_events")  # type: ignore[untyped-decorator]
def handle_events(account_id: int, events: list[dict[str, Any]]) -> None:
    """Books the events of one account and sends what follows from them."""
    decoded = [event for event in map(decode, events) if sender().is_news(event)]
    if not decoded:
        return
    filled = sum(event.news.status is OrderStatus.FILLED for event in decoded)
    try:
        tokens = take(account_id, filled)
        consequences = together().book({account_id: findings_of(decoded)}, {account_id: tokens})
    except Exception:
        # Whatever it was: the account is read from the venue again.
        note_missed(account_id)
        raise
    sender().carry_out(consequences)
