"""After the database was restored from a backup the venue knows orders of ours that no row knows: of a future that was
lost. They are taken in, in the order in which they were made: one that a cell was about to make anew becomes that
order, any other is cancelled, and booked on its own. No id of that future is used again: the era changes.

While this goes on the account is halted (core.execution.switches): what a cell does next waits to be compared.
"""

from collections.abc import Iterable

import structlog
from sqlalchemy import exists, select
from sqlalchemy.orm import Session as OrmSession

from core.clock import now, to_ms
from core.db import Session
from core.domain.order import LIVE, OrderNews, OrderStatus, OrderType
from core.exchange.base import AccountApi
from core.execution.events import Consequences, Finding, apply_findings
from core.execution.identity import Named, identity
from core.execution.intents import lock_strategies
from core.execution.switches import throw_unread
from core.models import Event, ExchangeApi, GridCell, GridOrder, GridStrategy, Installation

log = structlog.get_logger()

LOOK_BACK_MS = 60_000


def take_in(account_id: int, api: AccountApi, symbol: str) -> Consequences:
    """Everything that the venue has of ours on a symbol and the rows have not. Raises VenueUnavailable."""
    since = _halt(account_id)
    consequences = _ask_about_live_orders(account_id, api, symbol)
    seen = [*api.open_orders(symbol), *api.open_conditional_orders(symbol), *api.recent_orders(symbol, since)]
    lost = _unknown(account_id, seen)
    if lost:
        with Session.begin() as session:
            begin_era(session, account_id, len(lost))
    for named, news in lost:
        trades = api.trades_of_order(symbol, news.order_id) if news.filled_quantity else []
        with Session.begin() as session:
            if _adopt(session, account_id, named, news):
                findings = [Finding(news.client_order_id, news)]
                findings += [Finding(news.client_order_id, trade=trade) for trade in trades]
                consequences.add(apply_findings(session, account_id, findings))
    return consequences


def knows_all(account_id: int, client_order_ids: Iterable[str]) -> bool:
    """Whether each id that is ours, of a strategy that exists, has its row."""
    with Session.reading() as session:
        return not _without_row(session, account_id, client_order_ids)


def begin_era(session: OrmSession, account_id: int | None, lost: int) -> None:
    """No client order id made so far is made again."""
    installation = session.scalars(select(Installation).with_for_update()).one()
    installation.era += 1
    everybody = lock_strategies(session, session.scalars(select(GridStrategy.id)))
    for strategy in everybody.values():
        strategy.era = installation.era
    session.add(
        Event(
            user_id=None if account_id is None else session.get_one(ExchangeApi, account_id).user_id,
            account_id=account_id,
            level="ALARM",
            code="restored",
            message=f"{lost} orders at the exchange are newer than the database: they are taken in",
            data={"era": installation.era},
        )
    )


def _halt(account_id: int) -> int:
    """From when orders may be missing, ms of venue time."""
    with Session.begin() as session:
        throw_unread(session, account_id)
        account = session.get_one(ExchangeApi, account_id)
        return to_ms(account.reconciled_at or account.created_at) - LOOK_BACK_MS


def _ask_about_live_orders(account_id: int, api: AccountApi, symbol: str) -> Consequences:
    """What has become of each order that the rows believe live, sent or not: another life may have sent it."""
    with Session.reading() as session:
        live = session.execute(
            select(GridOrder.client_order_id, GridOrder.trigger_price).where(
                GridOrder.account_id == account_id, GridOrder.symbol == symbol, GridOrder.status.in_(LIVE)
            )
        ).all()
    findings: list[Finding] = []
    for client_order_id, trigger_price in live:
        ask = api.order if trigger_price is None else api.conditional_order
        news = ask(symbol, client_order_id)
        if news is not None:
            findings.append(Finding(client_order_id, news))
        if news is not None and news.filled_quantity:
            trades = api.trades_of_order(symbol, news.order_id)
            findings += [Finding(client_order_id, trade=trade) for trade in trades]
    with Session.begin() as session:
        return apply_findings(session, account_id, findings)


def _unknown(account_id: int, seen: Iterable[OrderNews]) -> list[tuple[Named, OrderNews]]:
    """Ours that have no row, in the order in which they were made; an order's latest news counts."""
    latest: dict[str, OrderNews] = {}
    for news in seen:
        known = latest.get(news.client_order_id)
        if known is None or news.filled_quantity >= known.filled_quantity:
            latest[news.client_order_id] = news
    with Session.reading() as session:
        named = _without_row(session, account_id, latest)
    return sorted(
        ((name, latest[client_order_id]) for client_order_id, name in named.items()), key=lambda pair: pair[0].sequence
    )


def _without_row(session: OrmSession, account_id: int, client_order_ids: Iterable[str]) -> dict[str, Named]:
    """What those of the ids say that are ours and have no row."""
    ours = identity(session)
    named = {one: name for one in client_order_ids if (name := ours.read(one)) is not None}
    if not named:
        return {}
    rows = set(session.scalars(select(GridOrder.client_order_id).where(GridOrder.client_order_id.in_(named))))
    strategies = set(session.scalars(select(GridStrategy.id).where(GridStrategy.account_id == account_id)))
    return {one: name for one, name in named.items() if one not in rows and name.strategy_id in strategies}


def _adopt(session: OrmSession, account_id: int, named: Named, news: OrderNews) -> bool:
    """Makes the row that the lost future had. False where somebody was first."""
    strategy = lock_strategies(session, [named.strategy_id])[named.strategy_id]
    if session.scalars(select(GridOrder.id).where(GridOrder.client_order_id == news.client_order_id)).first():
        return False
    cell = _cell_that_wants(session, strategy, named, news)
    conditional = bool(news.algo_id)
    strategy.next_sequence = max(strategy.next_sequence, named.sequence) + 1
    session.add(
        GridOrder(
            strategy_id=strategy.id,
            account_id=account_id,
            cell=cell,
            generation=strategy.generation,
            sequence=strategy.next_sequence - 1,
            exchange=strategy.exchange,
            symbol=news.symbol,
            purpose=named.purpose,
            type=OrderType.STOP_MARKET if conditional else OrderType.LIMIT if news.price else OrderType.MARKET,
            side=news.side,
            cell_index=named.cell_index,
            grid_index=None if named.cell_index is None else named.cell_index + (1 if news.side == "SELL" else 0),
            price=news.price or None,
            trigger_price=news.price if conditional else None,
            quantity=news.quantity,
            client_order_id=news.client_order_id,
            status=OrderStatus.UNKNOWN,
            attempts=1,
            cancel_wanted=cell is None and not conditional,  # those are kept with the strategy's protection
            next_check_at=now(),
        )
    )
    session.flush()
    log.warning("an order of a lost future", client_order_id=news.client_order_id, has_cell=cell is not None)
    return True


def _cell_that_wants(session: OrmSession, strategy: GridStrategy, named: Named, news: OrderNews) -> GridCell | None:
    """The bare cell whose next order this is."""
    has_live_order = exists().where(GridOrder.cell_id == GridCell.id, GridOrder.status.in_(LIVE))
    cell = session.scalars(
        select(GridCell).where(
            GridCell.strategy_id == strategy.id,
            GridCell.generation == strategy.generation,
            GridCell.cell_index == named.cell_index,
            ~GridCell.frozen,
            ~GridCell.dropped,
            ~has_live_order,
        )
    ).first()
    if cell is None:
        return None
    price = cell.lower_price if news.side == "BUY" else cell.upper_price
    wanted = (cell.next_side, cell.next_quantity, price)
    return cell if wanted == (news.side, news.quantity, news.price) else None
