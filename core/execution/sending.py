"""The only place where bytes leave for a venue's order API, and where replies come in to be recorded."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import TypeVar

import structlog

from core import bus, clock
from core.credentials import credentials_of
from core.db import Session
from core.errors import DatabaseUnavailable, GridkeeperError, VenueUnavailable
from core.exchange import Credentials
from core.exchange.base import Outcome, Reply, StreamEvent, TradingConnection
from core.exchange.pool import Pool, venue_now_ms
from core.execution.events import Consequences, Finding
from core.execution.intents import Attempt, Cancel
from core.execution.rates import note
from core.execution.replies import Answered, note_doubtful
from core.execution.together import Together
from core.killpoints import passing
from core.models import ExchangeApi

log = structlog.get_logger()

FENCE_MS = 1000  # an attempt that could not leave within this after its timestamp goes back unsent
NO_CONNECTION = "no trading connection"
GATHER_FOR = 0.1  # seconds: nobody waits for a reply, and one transaction for many costs as much as for one
KEY_KEPT_FOR_S = 5.0
LARGEST_BATCH = 200  # replies recorded in one transaction
MOST_REMEMBERED = 10_000

Request = TypeVar("Request", "Attempt", "Cancel")


class Sender:
    """Sends what has been committed and records how it went. One per process, made after any fork.

    `together` books the replies; `on_progress` is told the strategies that are starting or stopping and have moved on.
    """

    def __init__(self, pool: Pool, together: Together, on_progress: Callable[[Iterable[int]], None]) -> None:
        self._pool = pool
        self._together = together
        self._on_progress = on_progress
        self._answers: SimpleQueue[Answered] = SimpleQueue()
        self._credentials: dict[int, tuple[float, Credentials]] = {}
        self._accepted: set[str] = set()  # client order ids of which the stream has not told yet

    def start_recording(self) -> None:
        """Records replies as they come, in a thread of its own, until the process ends."""
        threading.Thread(target=self._record_for_ever, name="recorder", daemon=True).start()

    def place(self, attempts: Sequence[Attempt]) -> None:
        """Sends claimed and committed orders, pipelined; replies are recorded off the caller's path."""
        for batch in _by_account(attempts):
            with self._connection(batch[0]) as connection:
                for attempt in batch:
                    if connection is None:
                        self._answers.put(Answered(attempt, Reply(Outcome.NOT_SENT, message=NO_CONNECTION)))
                    elif _is_late(attempt):
                        self._answers.put(Answered(attempt, Reply(Outcome.NOT_SENT)))
                    else:
                        passing("before_send")
                        connection.place(attempt.order, self._answer_to(attempt))
                        passing("after_send")

    def cancel(self, cancels: Sequence[Cancel]) -> None:
        """Sends cancels of our own orders, one by one, pipelined."""
        for batch in _by_account(cancels):
            with self._connection(batch[0]) as connection:
                for cancel in batch:
                    if connection is None:
                        self._answers.put(Answered(cancel, Reply(Outcome.NOT_SENT, message=NO_CONNECTION)))
                    elif cancel.is_conditional:
                        connection.cancel_conditional(cancel.client_order_id, self._answer_to(cancel))
                    else:
                        connection.cancel(cancel.symbol, cancel.client_order_id, self._answer_to(cancel))

    def carry_out(self, consequences: Consequences) -> None:
        """Everything that a committed transaction left to do."""
        self.place(consequences.attempts)
        self.cancel(consequences.cancels)
        if consequences.in_progress:
            self._on_progress(consequences.in_progress)

    def is_news(self, event: StreamEvent) -> bool:
        """False for the stream's word that an order rests, where this process has had the venue's answer to it."""
        known = event.only_rests and event.news.client_order_id in self._accepted
        self._accepted.discard(event.news.client_order_id)
        return not known

    def _answer_to(self, request: Attempt | Cancel) -> Callable[[Reply], None]:
        def on_reply(reply: Reply) -> None:
            self._answers.put(Answered(request, reply))
            if reply.news is not None:
                self._remember(reply.news.client_order_id)

        return on_reply

    def _remember(self, client_order_id: str) -> None:
        if len(self._accepted) >= MOST_REMEMBERED:  # the streams tell others of ours, or nothing
            self._accepted.clear()
        self._accepted.add(client_order_id)

    @contextmanager
    def _connection(self, request: Attempt | Cancel) -> Iterator[TradingConnection | None]:
        """The account's shared connection, or None where there can be none now."""
        try:
            credentials = self._credentials_of(request.account_id)
            lease = self._pool.acquire(request.account_id, request.exchange, credentials)
        except GridkeeperError as error:
            log.warning("no trading connection", account_id=request.account_id, error=str(error))
            yield None
            return
        with lease as connection:
            yield connection

    def _credentials_of(self, account_id: int) -> Credentials:
        """As of a few seconds ago: an account may have got another key."""
        read_at, credentials = self._credentials.get(account_id, (float("-inf"), None))
        if credentials is None or clock.monotonic() - read_at > KEY_KEPT_FOR_S:
            with Session.reading() as session:
                credentials = credentials_of(session.get_one(ExchangeApi, account_id))
            self._credentials[account_id] = clock.monotonic(), credentials
        return credentials

    def record_replies(self, gather_for: float = 0.0) -> None:
        """Waits for a reply, and records it together with all that are there `gather_for` seconds later."""
        batch = [self._answers.get()]
        if gather_for:
            clock.sleep(gather_for)
        with suppress(Empty):
            while len(batch) < LARGEST_BATCH:
                batch.append(self._answers.get_nowait())
        try:
            self._record(batch)
        except DatabaseUnavailable:
            for answered in batch:
                self._answers.put(answered)
            clock.sleep(0.5)
        except Exception:
            # The rows stay SUBMITTED, and the resolver asks the venue about each.
            log.exception("replies could not be recorded", count=len(batch))

    def _record_for_ever(self) -> None:
        while True:
            self.record_replies(GATHER_FOR)

    def _record(self, batch: Sequence[Answered]) -> None:
        """News like any other, refusals and doubts on the attempt they belong to."""
        found: dict[int, list[Finding]] = defaultdict(list)
        for one in batch:
            if one.reply.news is not None:
                found[one.request.account_id].append(Finding(one.reply.news.client_order_id, one.reply.news))
        if found:
            self.carry_out(self._together.book(found, {}))
        doubtful = [one for one in batch if one.reply.news is None]
        if doubtful:
            with Session.begin() as session:
                consequences = note_doubtful(session, doubtful)
            self.carry_out(consequences)
        for account_id in {one.request.account_id for one in batch}:
            note(account_id, [one.reply for one in batch if one.request.account_id == account_id])
        answered = {one.request.account_id for one in batch if one.reply.outcome is not Outcome.NOT_SENT}
        if answered:
            bus.show_trading(answered)


def _is_late(attempt: Attempt) -> bool:
    try:
        return venue_now_ms(attempt.exchange) > attempt.order.timestamp + FENCE_MS
    except VenueUnavailable:
        return True


def _by_account(requests: Sequence[Request]) -> list[list[Request]]:
    groups: dict[int, list[Request]] = defaultdict(list)
    for request in requests:
        groups[request.account_id].append(request)
    return list(groups.values())
