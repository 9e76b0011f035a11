"""What the venue says against what the rows believe: real sockets, real databases, no worker."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select

from core.clock import now, sleep
from core.credentials import credentials_of
from core.db import Session
from core.domain.order import OrderStatus, OrderType, Side
from core.errors import VenueUnavailable
from core.exchange import account_api, trading_connection, venue_now_ms
from core.exchange.base import NewOrder, Outcome, Reply, TradingConnection
from core.execution.claiming import claim_due
from core.execution.intents import attempt_of, claim
from core.models import ExchangeApi, Fill, GridCell, GridOrder, GridStrategy, Income
from core.reconciliation.doubts import resolve
from tests.support.environment import forget_settings
from tests.support.grids import PARAMETERS, cell_rows, order_rows, running_grid, strategy_row
from tests.support.reconciling import reconcile
from tests.support.servers import PaperServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("database_url", "redis_server")
D = Decimal
SMALL = replace(PARAMETERS, grid_number=2)


class Trader:
    """A grid of two cells whose orders are rows only, and the hands to send them or not."""

    def __init__(self, venue: PaperServer) -> None:
        venue.move("BTCUSDT", "100000")
        self.venue = venue
        self.grid = running_grid(parameters=SMALL, keys=venue.open_account(100_000))
        self.account = self._account()
        self.api = account_api("paper", credentials_of(self.account))
        self.connection: TradingConnection = trading_connection("paper", credentials_of(self.account))
        for order in order_rows(self.grid):
            self.set(order, status=OrderStatus.PENDING)

    def _account(self) -> ExchangeApi:
        with Session.reading() as session:
            return session.get_one(ExchangeApi, strategy_row(self.grid).account_id)

    def set(self, order: GridOrder, **values: object) -> None:
        with Session.begin() as session:
            row = session.get_one(GridOrder, order.id)
            for name, value in values.items():
                setattr(row, name, value)

    def order(self, cell_index: int) -> GridOrder:
        return [order for order in order_rows(self.grid) if order.cell_index == cell_index][-1]

    def claimed(self, cell_index: int) -> NewOrder:
        """The cell's order as a worker would claim and commit it, not sent yet."""
        with Session.begin() as session:
            row = session.get_one(GridOrder, self.order(cell_index).id)
            claim(row, venue_now_ms("paper"))
            session.flush()
            return attempt_of(row).order

    def send(self, order: NewOrder) -> Reply:
        replies: list[Reply] = []
        self.connection.place(order, replies.append)
        wait_until(lambda: replies, 5, "the venue replies")
        return replies[0]

    def resolve_now(self) -> None:
        """As if every pause before the next question were over."""
        with Session.begin() as session:
            for row in session.scalars(select(GridOrder).where(GridOrder.status != OrderStatus.PENDING)):
                if row.next_check_at is not None or row.status in (OrderStatus.SUBMITTED, OrderStatus.UNKNOWN):
                    row.next_check_at = now()
        resolve(self.account.id)

    def at_venue(self) -> list[str]:
        """Every client order id of this account that ever was."""
        orders = self.venue.orders("BTCUSDT")
        mine = credentials_of(self.account).api_key.reveal()
        return [order["clientOrderId"] for order in orders if order["account"] == mine]


@pytest.fixture
def trader(paper_server: PaperServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trader]:
    monkeypatch.setenv("RECV_WINDOW_MS", "400")
    monkeypatch.setenv("UNKNOWN_GRACE_S", "0.2")
    forget_settings()
    trader = Trader(paper_server)
    yield trader
    trader.connection.close()


def test_an_order_whose_reply_was_lost_is_adopted(trader: Trader) -> None:
    trader.send(trader.claimed(0))  # and the reply never reached the row
    trader.set(trader.order(0), sent_at=trader.order(0).sent_at or 0)
    trader.resolve_now()
    order = trader.order(0)
    assert (order.status, order.attempts) == (OrderStatus.PLACED, 1)
    assert len(trader.at_venue()) == 1


def test_an_order_that_never_left_is_proved_absent_and_goes_out_once_more_under_its_id(trader: Trader) -> None:
    first = trader.claimed(0)
    wait_until(lambda: asked_again(trader), 15, "the absence is proved")
    with Session.begin() as session:
        (attempt,) = [
            a for a in claim_due(session, trader.account.id, 10).attempts if a.grid_order_id == trader.order(0).id
        ]
    assert attempt.order.client_order_id == first.client_order_id
    assert attempt.order.timestamp > first.timestamp
    assert trader.send(attempt.order).outcome is Outcome.ACCEPTED


def asked_again(trader: Trader) -> bool:
    before = trader.order(0)
    trader.resolve_now()
    sleep(0.05)
    return before.status == OrderStatus.UNKNOWN and trader.order(0).status == OrderStatus.PENDING


def test_absence_is_not_believed_before_the_request_could_no_longer_be_taken(trader: Trader) -> None:
    trader.claimed(0)
    trader.set(trader.order(0), sent_at=venue_now_ms("paper") + 60_000)  # however slowly what follows goes
    for _ in range(5):
        trader.resolve_now()
    order = trader.order(0)
    assert (order.status, order.absences) == (OrderStatus.UNKNOWN, 0)


def test_absence_is_not_believed_while_the_position_is_not_explained(trader: Trader) -> None:
    trader.claimed(0)
    with Session.begin() as session:
        session.get_one(GridStrategy, trader.grid).position = D("0.001")  # a fill nobody can account for
    sleep(0.7)
    for _ in range(6):
        trader.resolve_now()
    assert trader.order(0).status == OrderStatus.UNKNOWN


def test_an_order_that_the_venue_denies_is_not_believed_absent_while_a_trade_has_no_owner(trader: Trader) -> None:
    trader.venue.inject("late_query", lag_ms=60_000, seconds=60)
    trader.send(trader.claimed(0))  # and the reply never reached the row
    trader.venue.move("BTCUSDT", "94000")
    sleep(0.7)  # past its window and the grace
    for _ in range(6):
        trader.resolve_now()
    with pytest.raises(VenueUnavailable):
        reconcile(trader.account.id)
    assert trader.order(0).status == OrderStatus.UNKNOWN
    with Session.reading() as session:
        assert session.scalars(select(Fill)).all() == []  # nobody's trade would be the user's own
    trader.venue.restore_service()
    trader.resolve_now()
    bought = next(order for order in order_rows(trader.grid) if order.cell_index == 0)
    assert (bought.status, bought.booked_quantity) == (OrderStatus.FILLED, bought.quantity)
    assert len(trader.at_venue()) == 1


def test_a_late_attempt_is_refused_by_the_venue_itself(trader: Trader) -> None:
    order = trader.claimed(0)
    sleep(0.6)
    reply = trader.send(order)
    assert reply.outcome in (Outcome.RETRY, Outcome.REFUSED)
    assert trader.at_venue() == []


def test_fills_nobody_told_of_are_found_and_the_grid_goes_on(trader: Trader) -> None:
    for cell_index in (0, 1):
        trader.send(trader.claimed(cell_index))
    trader.resolve_now()
    trader.venue.move("BTCUSDT", "94000")
    reconcile(trader.account.id)
    trader.resolve_now()
    row = strategy_row(trader.grid)
    assert row.position == trader.api.positions("BTCUSDT")[0].quantity > 0
    counter = trader.order(0)
    assert (counter.side, counter.status) == (Side.SELL, OrderStatus.PENDING)
    assert row.books_balance is True


def test_income_behind_the_cursor_is_read_when_the_venues_clock_was_put_back(trader: Trader) -> None:
    for cell_index in (0, 1):
        trader.send(trader.claimed(cell_index))
    trader.resolve_now()
    trader.venue.inject("clock_skew", ms=3000, seconds=60)
    trader.venue.move("BTCUSDT", "94000")
    reconcile(trader.account.id)
    trader.venue.restore_service()
    trader.venue.move("BTCUSDT", "106000")
    reconcile(trader.account.id)
    with Session.reading() as session:
        read = [row.trade_id for row in session.scalars(select(Income).where(Income.income_type == "COMMISSION"))]
    assert len(read) == 2


def test_the_users_own_trades_are_nobody_s_and_their_orders_left_alone(trader: Trader) -> None:
    own = NewOrder("BTCUSDT", Side.BUY, OrderType.MARKET, D("0.01"), None, "my-own-order", venue_now_ms("paper"))
    resting = replace(own, type=OrderType.LIMIT, price=D(90000), client_order_id="my-resting-order")
    assert trader.send(own).outcome is Outcome.ACCEPTED
    assert trader.send(replace(resting, timestamp=venue_now_ms("paper"))).outcome is Outcome.ACCEPTED
    reconcile(trader.account.id)
    with Session.reading() as session:
        (fill,) = session.scalars(select(Fill)).all()
    assert (fill.strategy_id, fill.quantity) == (None, D("0.01"))
    assert strategy_row(trader.grid).position == 0
    assert [news.client_order_id for news in trader.api.open_orders("BTCUSDT")] == ["my-resting-order"]


def test_an_order_cancelled_by_hand_comes_back_once(trader: Trader) -> None:
    for cell_index in (0, 1):
        trader.send(trader.claimed(cell_index))
    trader.resolve_now()
    replies: list[Reply] = []
    trader.connection.cancel("BTCUSDT", trader.order(0).client_order_id, replies.append)
    wait_until(lambda: replies, 5, "the cancel is answered")
    reconcile(trader.account.id)
    trader.resolve_now()
    with Session.begin() as session:
        for cell in cell_rows(trader.grid):
            session.get_one(GridCell, cell.id).next_try_at = None
    reconcile(trader.account.id)
    reconcile(trader.account.id)
    of_cell = [order.status for order in order_rows(trader.grid) if order.cell_index == 0]
    assert of_cell == [OrderStatus.CANCELED, OrderStatus.PENDING]
