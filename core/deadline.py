"""A bound in time for what one request reads elsewhere, however many reads it takes."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from functools import cache
from typing import TypeVar

from core.clock import monotonic
from core.errors import VenueUnavailable

PATIENCE_S = 2.0
_READERS = 32

T = TypeVar("T")


class Deadline:
    """Counts from the moment it is made. What comes too late goes on in its thread, until its own timeout, unread."""

    def __init__(self, seconds: float = PATIENCE_S) -> None:
        self._ends = monotonic() + seconds

    def begin(self, read: Callable[[], T]) -> Callable[[], T]:
        """Starts `read` beside others and returns what waits for its result.

        That raises what `read` raises, and VenueUnavailable when the time is up.
        """
        future = _readers().submit(read)
        return lambda: self._result(future)

    def read(self, read: Callable[[], T]) -> T:
        return self.begin(read)()

    def _result(self, future: Future[T]) -> T:
        try:
            return future.result(timeout=self.left_s)
        except TooLate:
            future.cancel()
            raise VenueUnavailable("the exchange did not answer in time", "venue_timeout") from None

    @property
    def left_s(self) -> float:
        return max(0.0, self._ends - monotonic())


@cache
def _readers() -> ThreadPoolExecutor:
    """Made at the first use, so that a forked process has its own."""
    return ThreadPoolExecutor(_READERS, thread_name_prefix="venue-read")
