"""Messages that come at the same moment are booked in one transaction: it costs little more than one alone would."""

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import structlog

from core.db import Session
from core.exchange.base import StreamEvent
from core.execution.events import Consequences, apply_all_events, apply_events

log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class _Message:
    account_id: int
    events: Sequence[StreamEvent]
    tokens: int
    consequences: Consequences | None = None


class Together:
    """Books for all threads of a process: one at a time, and whoever waited for its turn meanwhile with it."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._waiting: deque[_Message] = deque()

    def book(self, account_id: int, events: Sequence[StreamEvent], tokens: int) -> Consequences:
        """As apply_events, in a transaction that is committed when it returns."""
        mine = _Message(account_id, events, tokens)
        self._waiting.append(mine)
        with self._turn:
            if mine in self._waiting:
                self._book_all()
        if mine.consequences is not None:
            return mine.consequences
        # Its strategy is locked elsewhere, or one of them all could not be booked: nobody else is to wait for that.
        with Session.begin() as session:
            return apply_events(session, account_id, events, tokens)

    def _book_all(self) -> None:
        messages = [self._waiting.popleft() for _ in range(len(self._waiting))]
        heard: dict[int, list[StreamEvent]] = defaultdict(list)
        tokens: dict[int, int] = defaultdict(int)
        for message in messages:
            heard[message.account_id] += message.events
            tokens[message.account_id] += message.tokens
        try:
            with Session.begin() as session:
                done = apply_all_events(session, heard, tokens, skip_locked=True)
        except Exception as error:
            log.info("not booked together", count=len(messages), error=str(error))
            return
        for message in messages:
            message.consequences = done.get(message.account_id)
            if message.account_id in done:
                done[message.account_id] = Consequences()  # the first of an account carries it out
