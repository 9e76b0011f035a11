"""Bugs to plant into a worker: each a function that replaces a piece of the system by one that does it wrong."""

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import structlog
from sqlalchemy import select

from core.clock import sleep
from core.db import Session
from core.domain.ledger import Ledger
from core.domain.order import OrderStatus, Progress, Trade
from core.exchange.base import Outcome, Reply
from core.execution import booking, events, intents, replies, sending
from core.execution.events import Consequences, Finding
from core.execution.sending import Sender
from core.execution.together import Together
from core.models import GridOrder, GridStrategy
from core.reconciliation import cells, doubts, trades

Plant = Callable[[], None]
BUGS: dict[str, Plant] = {}
HAND_PLACED = "my-own-order"  # the client order id of an order that users of the self-test place by hand
_HELD_S = 12.0  # longer than it takes to prove an absence and to send again


def bug(name: str) -> Callable[[Plant], Plant]:
    return lambda plant: BUGS.setdefault(name, plant)


def _everywhere(right: Any, wrong: Any) -> None:
    """Replaces a function in every module that has imported it by name."""
    for module in [one for name, one in sys.modules.items() if name.partition(".")[0] in ("core", "tasks")]:
        for name, value in list(vars(module).items()):
            if value is right:
                setattr(module, name, wrong)


@bug("the unique key of fills is skipped")
def _() -> None:
    right = events._new_trades

    def wrong(session: Any, told: Sequence[tuple[int, Any]], orders: dict[int, dict[str, GridOrder]]) -> Any:
        right(session, told, orders)
        return [
            (orders[account_id][one.client_order_id], one.trade) for account_id, one in told if one.trade is not None
        ]

    events._new_trades = wrong


@bug("an order is sent again on the first not found")
def _() -> None:
    doubts._earliest_proof_ms = lambda exchange, sent_at: 0
    doubts._could_be_proved = lambda exchange, doubt: True
    doubts._look_elsewhere = lambda api, doubtful: []
    doubts.read_trades = lambda account_id, api, symbol: Consequences()
    doubts.position_is_explained = lambda account_id, api, symbol: True


def _hold_back_the_first_sends() -> None:
    """Of each account: as if the process were paused between claim and send."""
    right, held = Sender.place, set()

    def wrong(self: Sender, attempts: Any) -> None:
        accounts = {attempt.account_id for attempt in attempts}
        if accounts - held:
            held.update(accounts)
            threading.Thread(target=lambda: (sleep(_HELD_S), right(self, attempts)), daemon=True).start()
        else:
            right(self, attempts)

    Sender.place = wrong


def _apply_whatever_comes(outcome: Outcome | None = None) -> None:
    """Replies to attempts count whether they are the latest or not; as `outcome` where one is given."""

    def wrong(session: Any, batch: Sequence[Any]) -> Consequences:
        doubtful = {one.request.grid_order_id: one for one in batch}
        owners = session.scalars(select(GridOrder.strategy_id).where(GridOrder.id.in_(doubtful)).distinct())
        strategies = intents.lock_strategies(session, owners)
        for order in session.scalars(select(GridOrder).where(GridOrder.id.in_(doubtful))):
            session.refresh(order, ["cell"])
            reply = doubtful[order.id].reply
            said = Reply(outcome, message="too late") if outcome else reply
            replies._note_attempt(session, strategies[order.strategy_id], order, said)
        return Consequences()

    sending.note_doubtful = wrong


@bug("a late reply is applied to a newer attempt")
def _() -> None:
    _hold_back_the_first_sends()
    _apply_whatever_comes()


@bug("a refused old attempt frees its cell")
def _() -> None:
    _hold_back_the_first_sends()
    _apply_whatever_comes(Outcome.REFUSED)


@bug("stream events move the trade cursor")
def _() -> None:
    right = Together.book

    def wrong(self: Together, found: Mapping[int, Sequence[Finding]], tokens: Mapping[int, int]) -> Consequences:
        with Session.begin() as session:
            for account_id, findings in found.items():
                for trade in [finding.trade for finding in findings if finding.trade is not None]:
                    trades._move_cursor(session, account_id, trade.symbol, int(trade.trade_id))
        return right(self, found, tokens)

    Together.book = wrong


@bug("unknown trades are booked as the user's own")
def _() -> None:
    class Ignorant:
        def order_by_id(self, symbol: str, order_id: str) -> None:
            return None

    right = trades._orders_behind
    trades._orders_behind = lambda account_id, api, symbol, page: right(account_id, Ignorant(), symbol, page)
    trades._has_doubts = lambda session, account_id, symbol: False
    events._take_over = lambda session, key, order: False


@bug("strategies are not locked")
def _() -> None:
    def wrong(session: Any, strategy_ids: Any, **_: Any) -> dict[int, GridStrategy]:
        rows = session.scalars(select(GridStrategy).where(GridStrategy.id.in_(set(strategy_ids)))).all()
        sleep(0.05)  # others read the same row meanwhile
        return {row.id: row for row in rows}

    def alone(_: Together, found: Mapping[int, Sequence[Finding]], tokens: Mapping[int, int]) -> Consequences:
        consequences = Consequences()
        with Session.begin() as session:
            for one in events.apply_all(session, found, tokens).values():
                consequences.add(one)
        return consequences

    _everywhere(intents.lock_strategies, wrong)
    Together.book = alone  # as if each message came to another worker: within one they are booked in turn


@bug("an attempt is sent twice")
def _() -> None:
    right = Sender.place
    Sender.place = lambda self, attempts: right(self, [*attempts, *attempts])


@bug("money is added up as floats")
def _() -> None:
    def wrong(self: Ledger, fee: Decimal, asset: str) -> Ledger:
        return replace(self, fees=Decimal(str(float(self.fees) + float(fee))))

    Ledger._with_fee = wrong


@bug("fees are ignored")
def _() -> None:
    Ledger._with_fee = lambda self, fee, asset: self


@bug("funding is booked twice")
def _() -> None:
    right = Ledger.add_funding
    Ledger.add_funding = lambda self, amount: right(right(self, amount), amount)


@bug("sequences are used again")
def _() -> None:
    right = intents.new_order

    def wrong(session: Any, strategy: GridStrategy, **what: Any) -> GridOrder:
        order = right(session, strategy, **what)
        strategy.next_sequence -= 1
        return order

    _everywhere(right, wrong)


@bug("a cancel of an unknown order is taken for final")
def _() -> None:
    right = replies._note_cancel

    def wrong(order: GridOrder, reply: Reply) -> None:
        right(order, reply)
        if reply.outcome is Outcome.NOT_FOUND:
            order.status, order.next_check_at = OrderStatus.CANCELED, None

    replies._note_cancel = wrong


@bug("the latest news wins")
def _() -> None:
    booking.merge = lambda known, news, quantity: Progress(news.status, news.filled_quantity)


@bug("a fill leads to nothing")
def _() -> None:
    booking._next_of_cell = lambda *_: []
    _everywhere(cells.refill, lambda session, account_id: 0)


@bug("counter-orders are twice as large")
def _() -> None:
    right = booking.next_order

    def wrong(*what: Any) -> Any:
        intent = right(*what)
        return replace(intent, quantity=intent.quantity * 2)

    booking.next_order = wrong


@bug("realised profit is the grid's own idea of it")
def _() -> None:
    right = Ledger.apply
    Ledger.apply = lambda self, trade: right(self, replace(trade, realized_pnl=_own_idea(trade)))


def _own_idea(trade: Trade) -> Decimal:
    return trade.realized_pnl - trade.fee


@bug("a stop cancels the user's own orders")
def _() -> None:
    right = Sender.cancel

    def wrong(self: Sender, cancels: Sequence[Any]) -> None:
        right(self, [*cancels, *(replace(one, client_order_id=HAND_PLACED) for one in cancels[:1])])

    Sender.cancel = wrong


@bug("a key is logged")
def _() -> None:
    right = Sender._credentials_of

    def wrong(self: Sender, account_id: int) -> Any:
        credentials = right(self, account_id)
        structlog.get_logger().info(f"trading with {credentials.api_key.reveal()}")
        return credentials

    Sender._credentials_of = wrong
