"""Replies that describe no order: refusals and doubts. One that describes an order is news like any other.

A reply is a fact about one attempt: it changes a row only while that attempt is the row's latest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from core import clock
from core.domain.lifecycle import FinishReason
from core.domain.order import CLOSING, RESTING, OrderStatus
from core.exchange.base import KEY_CODES, Outcome, Reply
from core.execution.booking import follow_up
from core.execution.events import Consequences, request_reconciliation
from core.execution.intents import Attempt, Cancel, end_for, is_in_progress, lock_orders
from core.execution.rates import has_failed
from core.execution.rules import rules_of
from core.execution.switches import note_refused_key
from core.execution.telling import tell
from core.models import GridOrder, GridStrategy

RETRY_AFTER = timedelta(seconds=0.5)
LONGEST_PAUSE = timedelta(seconds=30)
WOULD_TRIGGER = (-2021, -4142)


@dataclass(frozen=True, slots=True)
class Answered:
    request: Attempt | Cancel
    reply: Reply


def note_doubtful(session: Session, batch: Sequence[Answered]) -> Consequences:
    """Notes replies that describe no order."""
    consequences = Consequences()
    for answered in batch:
        if answered.reply.code in KEY_CODES:
            note_refused_key(session, answered.request.account_id, answered.reply.message)
    doubtful = {answered.request.grid_order_id: answered for answered in batch}
    for strategy, order in lock_orders(session, doubtful):
        answered = doubtful[order.id]
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


def _note_attempt(session: Session, strategy: GridStrategy, order: GridOrder, reply: Reply) -> None:
    order.last_error = f"{reply.code}: {reply.message}" if reply.code else reply.message
    if reply.outcome is Outcome.REFUSED and order.is_conditional:
        _refuse_protection(session, strategy, order, reply)
    elif reply.outcome is Outcome.REFUSED:
        _refuse(session, strategy, order, reply)
    elif reply.outcome in (Outcome.RETRY, Outcome.NOT_SENT):
        order.status = OrderStatus.PENDING
        # While a venue is away the breakers pace what is sent: once it is back, nothing is to wait any longer.
        order.next_check_at = clock.now() + (RETRY_AFTER if has_failed(reply) else _pause(order.attempts))
    else:
        order.status = OrderStatus.UNKNOWN
        order.next_check_at = clock.now() + (timedelta(0) if reply.outcome is Outcome.EXISTS else RETRY_AFTER)


def _refuse(session: Session, strategy: GridStrategy, order: GridOrder, reply: Reply) -> None:
    """A definite no. A cell tries again after a growing pause; a strategy that was starting says why it waits."""
    order.status = OrderStatus.REJECTED
    if order.cell is not None:
        order.cell.refusals += 1
        order.cell.next_try_at = clock.now() + _pause(order.cell.refusals)
    if order.purpose in CLOSING:
        request_reconciliation(session, order.account_id)  # the position may not be there any more
    follow_up(session, strategy, order, rules_of(session, order.exchange, order.symbol))
    _tell_refusal(session, strategy, order, reply, "order_refused")


def _refuse_protection(session: Session, strategy: GridStrategy, order: GridOrder, reply: Reply) -> None:
    """A stop that would trigger at once has been reached: the strategy ends. Else it is tried again, for good."""
    if reply.code in WOULD_TRIGGER:
        order.status = OrderStatus.REJECTED
        end_for(strategy, FinishReason(order.purpose), f"the price was at {order.trigger_price} already")
        return
    if order.attempts == 1:
        _tell_refusal(session, strategy, order, reply, "protection_refused")
    order.status = OrderStatus.PENDING
    order.next_check_at = clock.now() + _pause(order.attempts)


def _tell_refusal(session: Session, strategy: GridStrategy, order: GridOrder, reply: Reply, code: str) -> None:
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
