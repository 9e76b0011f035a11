"""Work that can wait: done for one account after another, so that what can't has the worker's other threads."""

import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger()


class Turns:
    def __init__(self, work: Callable[[int], None]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._waiting: dict[int, None] = {}  # account ids, in the order in which they were asked for
        self._busy = False

    def take(self, account_id: int) -> None:
        """Does it, and what others ask for meanwhile; leaves it to the thread that is at it already, if one is. Raises
        what the work last raised, when all of them have had their turns."""
        with self._lock:
            self._waiting[account_id] = None
            if self._busy:
                return
            self._busy = True
        failure: Exception | None = None
        while (turn := self._next()) is not None:
            try:
                self._work(turn)
            except Exception as error:
                log.warning("a turn failed", account_id=turn, error=str(error))
                failure = error
        if failure is not None:
            raise failure

    def _next(self) -> int | None:
        with self._lock:
            turn = next(iter(self._waiting), None)
            if turn is None:
                self._busy = False
            else:
                del self._waiting[turn]
            return turn
