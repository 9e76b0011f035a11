"""Candles fetched from the venue: a day a request, newest first, within what its rate limits leave to what can wait.

Of a day only what is missing is asked for. What is still missing after that is asked for once more; then the venue has
not got it, and a day that is over is settled.
"""

import uuid
from datetime import timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from core.candles import store
from core.candles.packing import Series, merged, series_of
from core.candles.store import DAY_MS, MINUTE_MS
from core.clock import monotonic, now, now_ms
from core.db import Session
from core.domain.lifecycle import OperationState
from core.errors import VenueRefused, VenueUnavailable
from core.exchange import public_api
from core.models import Operation

log = structlog.get_logger()

KIND = "load_candles"
STEP_S = 6.0
_OPEN = OperationState.PENDING, OperationState.RUNNING
_GIVEN_UP_AFTER = timedelta(hours=1)


def load(exchange: str, symbol: str, days: int, seconds: float) -> int:
    """Fetches what is missing of the last `days` days, for about so long; how many days are left.

    Raises VenueUnavailable, also where the rate limit is used up, and VenueRefused.
    """
    ends = monotonic() + seconds
    today = now_ms() // DAY_MS
    with Session.reading() as session:
        waiting = store.unsettled(session, exchange, symbol, range(today, today - days, -1))
    for left, day in zip(range(len(waiting), 0, -1), waiting, strict=True):
        if monotonic() >= ends:
            return left
        _load_day(exchange, symbol, day)
    return 0


def request(session: OrmSession, user_id: int, exchange: str, symbol: str, days: int) -> Operation:
    """The user's operation that loads them: the one under way, or a new one."""
    wanted = {"exchange": exchange, "symbol": symbol, "days": days}
    mine = select(Operation).where(Operation.user_id == user_id, Operation.kind == KIND, Operation.state.in_(_OPEN))
    for under_way in session.scalars(mine):
        if under_way.arguments.items() >= wanted.items():
            return under_way
    made = Operation(id=uuid.uuid4().hex, user_id=user_id, kind=KIND, arguments={**wanted, "progress_pct": 0})
    session.add(made)
    session.flush()
    return made


def under_way() -> list[str]:
    """Ids of the operations that are not done yet."""
    with Session.reading() as session:
        return list(session.scalars(select(Operation.id).where(Operation.kind == KIND, Operation.state.in_(_OPEN))))


def advance(operation_id: str) -> bool:
    """One step, of a few seconds; whether another one may follow at once."""
    with Session.reading() as session:
        operation = session.get(Operation, operation_id)
    if operation is None or operation.state not in _OPEN:
        return False
    wanted = operation.arguments
    try:
        left = load(wanted["exchange"], wanted["symbol"], wanted["days"], STEP_S)
    except VenueUnavailable as error:
        log.info("candles put off", symbol=wanted["symbol"], error=str(error))
        _note(operation_id, None, str(error) if operation.created_at < now() - _GIVEN_UP_AFTER else None)
        return False
    except VenueRefused as error:
        _note(operation_id, None, str(error))
        return False
    _note(operation_id, left, None)
    return left > 0


def _note(operation_id: str, left: int | None, error: str | None) -> None:
    """`left` days are to be loaded, where that is known; an `error` ends it."""
    with Session.begin() as session:
        operation = session.get_one(Operation, operation_id, with_for_update=True)
        operation.state = OperationState.RUNNING
        if left is not None:
            days = operation.arguments["days"]
            operation.arguments = {**operation.arguments, "progress_pct": 100 * (days - left) // days}
        if left == 0 or error is not None:
            operation.state = OperationState.SUCCESS if error is None else OperationState.FAILURE
            operation.error, operation.finished_at = error, now()


def _load_day(exchange: str, symbol: str, day: int) -> None:
    closed_before = now_ms() // MINUTE_MS * MINUTE_MS
    with Session.reading() as session:
        span = store.missing(session, exchange, symbol, day, closed_before)
    if span is None:
        return
    found = _asked(exchange, symbol, span)
    lacking = store.gap(found, *span)
    if lacking is not None:
        found = merged([found, _asked(exchange, symbol, lacking)])
    with Session.begin() as session:
        store.put(session, exchange, symbol, day, found, whole=closed_before >= (day + 1) * DAY_MS)


def _asked(exchange: str, symbol: str, span: tuple[int, int]) -> Series:
    first, last = span
    count = (last - first) // MINUTE_MS + 1
    api = public_api(exchange, routine=True)
    rows = [row for row in api.candles(symbol, "1m", first, last, count) if first <= row.open_time <= last]
    return series_of([row.open_time for row in rows], [(row.open, row.high, row.low, row.close) for row in rows])
