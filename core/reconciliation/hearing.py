"""Whether an account's stream is deaf: it answers pings, and brings nothing."""

from collections.abc import Iterable

from core import bus
from core.clock import now
from core.db import Session
from core.domain.order import Trade
from core.exchange.pool import venue_now_ms
from core.models import Event, ExchangeApi

TOLD_WITHIN_MS = 3000  # a fill is told by then
CLOCKS_DIFFER_MS = 1000  # at most, between the venue and our hosts


def judge(account_id: int, exchange: str, found: Iterable[Trade]) -> None:
    """`found` are trades that nobody had told before they were read from the venue. One that a stream should have told,
    which has said nothing since, makes the stream deaf: its listener is replaced."""
    told = bus.stream_state(account_id)
    if told is None:
        return
    last_word = max(told["connected_at"], told["event_at"] or 0) + CLOCKS_DIFFER_MS
    latest = venue_now_ms(exchange) - TOLD_WITHIN_MS
    if not any(last_word < trade.traded_at < latest for trade in found):
        return
    with Session.begin() as session:
        account = session.get_one(ExchangeApi, account_id, with_for_update=True)
        account.deaf_at = now()
        session.add(
            Event(
                user_id=account.user_id,
                account_id=account_id,
                level="WARNING",
                code="stream_deaf",
                message="the exchange's event stream was silent about a fill: it is opened anew",
            )
        )
