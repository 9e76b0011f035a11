"""The way of a fill: all that was told at once in one transaction, out of which come the counter-orders to send."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.sql.dml import ReturningInsert

from core.clock import now
from core.domain.order import OrderNews, Trade
from core.exchange.base import StreamEvent
from core.exchange.venue_clock import known_venue_ms
from core.execution.booking import book_news, book_trade, fill_values, follow_up
from core.execution.identity import identity
from core.execution.intents import Attempt, Cancel, attempt_of, claim, is_in_progress, lock_strategies
from core.execution.rules import rules_of
from core.models import ExchangeApi, Fill, GridOrder, GridStrategy

TradeKey = tuple[int, str, str, str]  # account id, symbol, trade id, the venue's order id


# Built once, as is the insert below: SQLAlchemy's part of a small query is longer than the database's.
_ORDERS = (
    select(GridOrder)
    .where(
        GridOrder.client_order_id.in_(bindparam("client_order_ids", expanding=True)),
        GridOrder.account_id.in_(bindparam("account_ids", expanding=True)),
    )
    .options(joinedload(GridOrder.cell))
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the venue said of one of our orders, whatever way it came: stream, reply, query, or trade list."""

    client_order_id: str
    news: OrderNews | None = None
    trade: Trade | None = None


@dataclass(slots=True)
class Consequences:
    """What is left to do after the commit: what to send, and strategies in progress to look at again."""

    attempts: list[Attempt] = field(default_factory=list)
    cancels: list[Cancel] = field(default_factory=list)
    in_progress: set[int] = field(default_factory=set)
    new_trades: list[Trade] = field(default_factory=list)  # those that were not booked before

    def add(self, other: "Consequences") -> None:
        self.attempts += other.attempts
        self.cancels += other.cancels
        self.in_progress |= other.in_progress
        self.new_trades += other.new_trades


def findings_of(events: Iterable[StreamEvent]) -> list[Finding]:
    """What stream events say, one finding each."""
    return [Finding(event.news.client_order_id, event.news, event.trade) for event in events]


def request_reconciliation(session: Session, account_id: int) -> None:
    """As soon as possible."""
    session.execute(update(ExchangeApi).where(ExchangeApi.id == account_id).values(reconcile_due_at=now()))


def apply_findings(session: Session, account_id: int, findings: Sequence[Finding], tokens: int = 0) -> Consequences:
    """Books what was found of one account. Repeatable; the order in which findings come does not matter.

    `tokens`: how many counter-orders may be claimed for sending at once. Trades of orders that are not ours are left to
    reconciliation, which is asked for.
    """
    return apply_all(session, {account_id: findings}, {account_id: tokens})[account_id]


def apply_all(
    session: Session,
    found: Mapping[int, Sequence[Finding]],
    tokens: Mapping[int, int],
    *,
    skip_locked: bool = False,
) -> dict[int, Consequences]:
    """The same for several accounts at once, with as many statements as for one. `found` and the answer by account.

    With `skip_locked`, accounts of which a strategy is locked elsewhere are left out, and missing in the answer.
    """
    names = {finding.client_order_id for findings in found.values() for finding in findings}
    owner = {name: identity(session).strategy_of(name) for name in names}
    owners = {
        account_id: {owner[finding.client_order_id] for finding in findings} - {None}
        for account_id, findings in found.items()
    }
    wanted = [number for numbers in owners.values() for number in numbers if number is not None]
    strategies = lock_strategies(session, wanted, skip_locked=skip_locked) if wanted else {}
    done = {
        account_id: Consequences()
        for account_id, numbers in owners.items()
        if not skip_locked or numbers <= strategies.keys()
    }
    told = [(account_id, finding) for account_id in done for finding in found[account_id]]
    for account_id in sorted({number for number, one in told if one.trade and owner[one.client_order_id] is None}):
        request_reconciliation(session, account_id)
    orders = _orders(session, done, {name for name in names if owner[name] is not None})
    touched: dict[int, GridOrder] = {}
    for account_id, finding in told:
        order = orders[account_id].get(finding.client_order_id)
        if order is not None and finding.news is not None:
            book_news(session, strategies[order.strategy_id], order, finding.news)
            touched[order.id] = order
    for order, trade in _new_trades(session, told, orders):
        book_trade(strategies[order.strategy_id], order, trade)
        done[order.account_id].new_trades.append(trade)
        touched[order.id] = order
    _conclude(session, strategies, touched.values(), tokens, done)
    return done


def _conclude(
    session: Session,
    strategies: dict[int, GridStrategy],
    touched: Iterable[GridOrder],
    tokens: Mapping[int, int],
    done: Mapping[int, Consequences],
) -> None:
    """Follows up every touched order and claims what may go out at once."""
    placed: dict[int, list[GridOrder]] = defaultdict(list)
    for order in touched:
        strategy = strategies[order.strategy_id]
        placed[order.account_id] += follow_up(session, strategy, order, rules_of(session, order.exchange, order.symbol))
        if is_in_progress(strategy):
            done[order.account_id].in_progress.add(strategy.id)
    claimed = [order for account_id, orders in placed.items() for order in _claim(orders[: tokens.get(account_id, 0)])]
    session.flush()
    for order in claimed:
        done[order.account_id].attempts.append(attempt_of(order))


def _claim(orders: list[GridOrder]) -> list[GridOrder]:
    """All of them, of one account; none where the venue's time is not known."""
    timestamp = venue_timestamp(orders[0].exchange) if orders else None
    if timestamp is None:
        return []
    for order in orders:
        claim(order, timestamp)
    return orders


def venue_timestamp(exchange: str) -> int | None:
    """Venue time for signing; None where it is not known yet, so that the orders wait as PENDING: nobody asks a venue
    within a transaction."""
    return known_venue_ms(exchange)


def _orders(
    session: Session, account_ids: Iterable[int], client_order_ids: Collection[str]
) -> dict[int, dict[str, GridOrder]]:
    """Account -> client order id -> order: nothing that one account is told concerns another's orders."""
    orders: dict[int, dict[str, GridOrder]] = {account_id: {} for account_id in account_ids}
    if not orders or not client_order_ids:
        return orders
    asked = {"client_order_ids": list(client_order_ids), "account_ids": list(orders)}
    for row in session.scalars(_ORDERS, asked):
        orders[row.account_id][row.client_order_id] = row
    return orders


def _new_trades(
    session: Session,
    told: Sequence[tuple[int, Finding]],
    orders: Mapping[int, Mapping[str, GridOrder]],
) -> list[tuple[GridOrder, Trade]]:
    """The trades whose rows were not there before; their rows are there now. A trade that was booked as external
    before its order was known is taken over."""
    wanted: dict[TradeKey, tuple[GridOrder, Trade]] = {}
    for account_id, finding in told:
        order = orders[account_id].get(finding.client_order_id)
        # Without its fee a trade is not whole: its order, short of a trade then, is asked for it.
        if order is not None and finding.trade is not None and finding.trade.fee_asset:
            trade = finding.trade
            wanted[account_id, trade.symbol, trade.trade_id, trade.order_id] = (order, trade)
    if not wanted:
        return []
    rows = [fill_values(order, trade) for order, trade in wanted.values()]
    # Not the session's execute: what the news has changed is written once, with what the trades change.
    inserted = session.connection().execute(_insert_of_fills(session.get_bind().dialect.name), rows)
    new: set[TradeKey] = {(row.account_id, row.symbol, row.trade_id, row.order_id) for row in inserted}
    for key in set(wanted) - new:
        if _take_over(session, key, wanted[key][0]):
            new.add(key)
    return [pair for key, pair in wanted.items() if key in new]


@cache
def _insert_of_fills(dialect: str) -> ReturningInsert[int, str, str, str]:
    """Skips the rows that are there; returns the keys of those that were not."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(Fill).on_conflict_do_nothing().returning(Fill.account_id, Fill.symbol, Fill.trade_id, Fill.order_id)


def _take_over(session: Session, key: TradeKey, order: GridOrder) -> bool:
    """Makes a fill that was booked as nobody's this order's; False where it was this order's already."""
    account_id, symbol, trade_id, order_id = key
    taken = session.execute(
        update(Fill)
        .where(
            Fill.account_id == account_id,
            Fill.symbol == symbol,
            Fill.trade_id == trade_id,
            Fill.order_id == order_id,
            Fill.grid_order_id.is_(None),
        )
        .values(
            strategy_id=order.strategy_id,
            grid_order_id=order.id,
            cell_index=order.cell_index,
            grid_index=order.grid_index,
        )
        .returning(Fill.id)
    )
    return taken.first() is not None
