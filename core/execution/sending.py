"""The only place where bytes leave for a venue's order API, and where replies are recorded.

A reply is a fact about one attempt: it changes a row only while that attempt is the row's latest.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import TypeVar

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession
from sqlalchemy.orm import joinedload

from core import bus, clock
from core.credentials import credentials_of
from core.db import Session
from core.domain.lifecycle import FinishReason
from core.domain.order import CLOSING, RESTING, OrderStatus
from core.errors import DatabaseUnavailable, GridkeeperError, VenueUnavailable
from core.exchange import Credentials
from core.exchange.base import KEY_CODES, Outcome, Reply, StreamEvent, TradingConnection
from core.exchange.pool import Pool, venue_now_ms
from core.execution.booking import follow_up
from core.execution.events import Consequences, Finding, request_reconciliation
from core.execution.intents import Attempt, Cancel, end_for, is_in_progress, lock_strategies
from core.execution.rates import note
from core.execution.rules import rules_of
from core.execution.switches import note_refused_key
from core.execution.telling import tell
from core.execution.together import Together
from core.killpoints import passing
from core.models import ExchangeApi, GridOrder, GridStrategy

log = structlog.get_logger()

FENCE_MS = 1000  # an attempt that could not leave within this after its timestamp goes back unsent
RETRY_AFTER = timedelta(seconds=0.5)
LONGEST_PAUSE = timedelta(seconds=30)
WOULD_TRIGGER = (-2021, -4142)
GATHER_FOR = 0.1  # seconds: nobody waits for a reply, and one transaction for many costs as much as for one
KEY_KEPT_FOR_S = 5.0
LARGEST_BATCH = 200  # replies recorded in one transaction
MOST_REMEMBERED = 10_000

Request = TypeVar("Request", "Attempt", "Cancel")


@dataclass(frozen=True, slots=True)
class Answered:
    request: Attempt | Cancel
    reply: Reply


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
                    if connection is None or _is_late(attempt):
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
                        self._answers.put(Answered(cancel, Reply(Outcome.NOT_SENT)))
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


def note_doubtful(session: OrmSession, batch: Sequence[Answered]) -> Consequences:
    """Notes replies that describe no order."""
    consequences = Consequences()
    for answered in batch:
        if answered.reply.code in KEY_CODES:
            note_refused_key(session, answered.request.account_id, answered.reply.message)
    doubtful = {answered.request.grid_order_id: answered for answered in batch}
    strategy_ids = session.scalars(select(GridOrder.strategy_id).where(GridOrder.id.in_(doubtful)).distinct())
    strategies = lock_strategies(session, strategy_ids)
    orders = session.scalars(
        select(GridOrder)
        .where(GridOrder.id.in_(doubtful))
        .options(joinedload(GridOrder.cell))
        .execution_options(populate_existing=True)
    )
    for order in orders:
        answered, strategy = doubtful[order.id], strategies[order.strategy_id]
        if isinstance(answered.request, Cancel):
            _note_cancel(order, answered.reply)
        elif order.status in (OrderStatus.SUBMITTED, OrderStatus.UNKNOWN) and (
            order.sent_at == answered.request.order.timestamp
        ):
            _note_attempt(session, strategy, order, answered.reply)
        if is_in_progress(strategy):
            consequences.in_progress.add(strategy.id)
    return consequences


def _note_cancel(order: GridOrder, reply: Reply) -> None:
    """A cancel without news of the order proves nothing: the venue is asked what became of it."""
    if order.status in RESTING:
        order.next_check_at = clock.now() + (timedelta(0) if reply.outcome is Outcome.NOT_FOUND else RETRY_AFTER)


def _note_attempt(session: OrmSession, strategy: GridStrategy, order: GridOrder, reply: Reply) -> None:
    order.last_error = f"{reply.code}: {reply.message}" if reply.code else reply.message
    if reply.outcome is Outcome.REFUSED and order.is_conditional:
        _refuse_protection(session, strategy, order, reply)
    elif reply.outcome is Outcome.REFUSED:
        _refuse(session, strategy, order, reply)
    elif reply.outcome in (Outcome.RETRY, Outcome.NOT_SENT):
        order.status = OrderStatus.PENDING
        order.next_check_at = clock.now() + _pause(order.attempts)
    else:
        order.status = OrderStatus.UNKNOWN
        order.next_check_at = clock.now() + (timedelta(0) if reply.outcome is Outcome.EXISTS else RETRY_AFTER)


def _refuse(session: OrmSession, strategy: GridStrategy, order: GridOrder, reply: Reply) -> None:
    """A definite no. A cell tries again after a growing pause; a strategy that was starting says why it waits."""
    order.status = OrderStatus.REJECTED
    if order.cell is not None:
        order.cell.refusals += 1
        order.cell.next_try_at = clock.now() + _pause(order.cell.refusals)
    if order.purpose in CLOSING:
        request_reconciliation(session, order.account_id)  # the position may not be there any more
    follow_up(session, strategy, order, rules_of(session, order.exchange, order.symbol))
    _tell_refusal(session, strategy, order, reply, "order_refused")


def _refuse_protection(session: OrmSession, strategy: GridStrategy, order: GridOrder, reply: Reply) -> None:
    """A stop that would trigger at once has been reached: the strategy ends. Else it is tried again, for good."""
    if reply.code in WOULD_TRIGGER:
        order.status = OrderStatus.REJECTED
        end_for(strategy, FinishReason(order.purpose), f"the price was at {order.trigger_price} already")
        return
    if order.attempts == 1:
        _tell_refusal(session, strategy, order, reply, "protection_refused")
    order.status = OrderStatus.PENDING
    order.next_check_at = clock.now() + _pause(order.attempts)


def _tell_refusal(session: OrmSession, strategy: GridStrategy, order: GridOrder, reply: Reply, code: str) -> None:
    tell(
        session,
        strategy,
        code,
        f"the exchange refused {order.side} {order.quantity} {order.symbol}: {order.last_error}",
        level="WARNING",
        code_at_venue=reply.code,
        cell_index=order.cell_index,
        purpose=order.purpose,
    )


def _pause(times: int) -> timedelta:
    """Grows with how often it has happened: 1, 2, 4, ... seconds."""
    return min(timedelta(seconds=2 ** min(times - 1, 10)), LONGEST_PAUSE)


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
