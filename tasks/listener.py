"""One process per user-exchange: reads the account's stream and forwards its events to the queue `orders`.

It never opens the database and never holds a secret: a listen key needs the API key only.
"""

import ctypes
import os
import signal

import structlog
from setproctitle import setproctitle

from core import bus, clock
from core.errors import VenueRefused, VenueUnavailable
from core.exchange import user_stream
from core.exchange.base import StreamEvent, UserStream
from core.exchange.wire import encode
from tasks.ringing import ring

log = structlog.get_logger()

READ_FOR = 1.0  # seconds
LONGEST_PAUSE = 5.0  # seconds between tries to connect
LARGEST_BACKLOG = 10_000  # events kept while the broker is away; past it a reconciliation finds them
_RECONCILE, _READ_INCOMES = "tasks.upkeep.reconcile", "tasks.upkeep.read_incomes"
_PR_SET_PDEATHSIG = 1


def run(account_id: int, exchange: str, api_key: str, supervisor_pid: int) -> None:
    """The process's life: connect, ask for a reconciliation, forward; again whenever the stream ends."""
    setproctitle(f"gridkeeper: listener account={account_id}")
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with_the_supervisor(supervisor_pid)
    pause = 0.25
    while True:
        try:
            stream = user_stream(exchange, api_key)
        except (VenueUnavailable, VenueRefused) as error:
            log.warning("stream not connected", account_id=account_id, error=str(error))
            clock.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            continue
        pause = 0.25
        try:
            Forwarder(account_id).forward(stream)
        except VenueUnavailable as error:
            log.warning("stream ended", account_id=account_id, error=str(error))
        finally:
            stream.close()


class Forwarder:
    """Forwards one connection's events; keeps what the broker does not take, in order."""

    def __init__(self, account_id: int) -> None:
        self._account_id = account_id
        self._connected_at = clock.now_ms()
        self._event_at: int | None = None
        self._backlog: list[StreamEvent] = []
        self._resting: list[StreamEvent] = []  # from these nothing follows
        self._due = {_RECONCILE}
        self._shown_at = 0.0

    def forward(self, stream: UserStream) -> None:
        """Until the stream ends: VenueUnavailable."""
        while True:
            self.pass_on(stream)

    def pass_on(self, stream: UserStream) -> None:
        """What the stream brings within a second. Raises VenueUnavailable where it has ended."""
        self._due = {task_name for task_name in sorted(self._due) if not ring(task_name, self._account_id)}
        self._read(stream)
        self._deliver()
        self._show()

    def _read(self, stream: UserStream) -> None:
        """Order events; a funding payment is read from the account's income.

        That an order rests the worker mostly knows from the venue's answer: such words wait for a fill to go with, a
        second at most, so that each fill costs one message and not two.
        """
        events = stream.read(READ_FOR)
        if events:
            self._event_at = clock.now_ms()
        orders = [event for event in events if isinstance(event, StreamEvent)]
        if len(orders) < len(events):
            self._due.add(_READ_INCOMES)
        self._resting += [event for event in orders if event.only_rests]
        self._backlog += [event for event in orders if not event.only_rests]

    def _deliver(self) -> None:
        if not self._backlog:
            return
        self._backlog, self._resting = self._backlog + self._resting, []
        events = [encode(event) for event in self._backlog]
        if ring("tasks.orders.handle_events", self._account_id, events):
            self._backlog = []
        elif len(self._backlog) > LARGEST_BACKLOG:
            self._backlog = []
            self._due.add(_RECONCILE)

    def _show(self) -> None:
        """Once a second: tells the connections page, and lets go what has waited."""
        if clock.monotonic() - self._shown_at >= READ_FOR:
            self._shown_at = clock.monotonic()
            self._backlog, self._resting = self._backlog + self._resting, []
            bus.show_stream(self._account_id, self._connected_at, self._event_at)


def _die_with_the_supervisor(supervisor_pid: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != supervisor_pid:  # it died before the line above
        os._exit(1)
