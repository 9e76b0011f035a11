"""Trading connections, one per account and process, shared by all of the account's strategies."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from core import clock
from core.exchange import Credentials, trading_connection
from core.exchange.base import TradingConnection
from core.exchange.venue_clock import venue_now_ms

__all__ = ["Lease", "Pool", "venue_now_ms"]

IDLE_TIME = 60.0  # seconds without a lease after which a connection is closed

Connect = Callable[[str, Credentials], TradingConnection]


@dataclass(slots=True)
class _Entry:
    connection: TradingConnection
    leases: int = 0
    idle_since: float = 0.0


class Lease:
    """The right to use an account's connection, until released."""

    def __init__(self, connection: TradingConnection, release: Callable[[], None]) -> None:
        self.connection = connection
        self._release: Callable[[], None] | None = release

    def release(self) -> None:
        """A second call does nothing."""
        release, self._release = self._release, None
        if release is not None:
            release()

    def __enter__(self) -> TradingConnection:
        return self.connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class Pool:
    """Thread-safe. A forked child starts empty: a connection has one reading thread, which a fork leaves behind."""

    def __init__(self, idle_time: float = IDLE_TIME, connect: Connect = trading_connection) -> None:
        self._idle_time = idle_time
        self._connect = connect
        self._start_empty()
        os.register_at_fork(after_in_child=self._start_empty)  # for the life of the process, as the pool is

    def acquire(self, account_id: int, exchange: str, credentials: Credentials) -> Lease:
        """A lease on the account's connection, which connects when it is first used."""
        key = (exchange, account_id, credentials)  # of a new key a new connection
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                entry = self._entries[key] = _Entry(self._connect(exchange, credentials))
                self._watch_idle()
            entry.leases += 1
        return Lease(entry.connection, lambda: self._give_back(entry))

    def _start_empty(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[tuple[str, int, Credentials], _Entry] = {}
        self._janitor: threading.Thread | None = None

    def _give_back(self, entry: _Entry) -> None:
        with self._lock:
            entry.leases -= 1
            entry.idle_since = clock.monotonic()

    def _watch_idle(self) -> None:
        """Starts the thread that closes idle connections; it ends when there are none left."""
        if self._janitor is None:
            self._janitor = threading.Thread(target=self._close_idle, name="pool", daemon=True)
            self._janitor.start()

    def _close_idle(self) -> None:
        while True:
            with self._lock:
                idle = self._take_idle()
                if not self._entries:
                    self._janitor = None
            for entry in idle:
                entry.connection.close()
            with self._lock:
                if self._janitor is None:
                    return
            clock.sleep(self._idle_time / 4)

    def _take_idle(self) -> list[_Entry]:
        limit = clock.monotonic() - self._idle_time
        idle = [key for key, entry in self._entries.items() if entry.leases == 0 and entry.idle_since <= limit]
        return [self._entries.pop(key) for key in idle]
