"""An account as a whole, at a real simulated exchange."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from core.clock import sleep
from core.credentials import credentials_of
from core.db import Session
from core.domain.lifecycle import StrategyStatus
from core.domain.order import OrderStatus, OrderType, Side
from core.exchange import trading_connection, venue_now_ms
from core.exchange.base import NewOrder, Outcome, Reply, TradingConnection
from core.models import ExchangeApi, GridOrder, GridStrategy
from core.portfolio import Portfolio, portfolio
from core.strategies.deletion import delete
from tests.support.grids import PARAMETERS, order_rows, running_grid, strategy_row
from tests.support.reconciling import reconcile
from tests.support.servers import PaperServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("database_url", "redis_server")
D = Decimal
SUMS = ("position", "bought_quote", "sold_quote", "realized_pnl", "fees")
TEN_CELLS_NOTIONAL = D("9800")  # five cells a side: half of 10000 * 2 * 0.98


class Hand:
    """A grid of ten cells, of whose orders none is at the exchange, and its user's own trades."""

    def __init__(self, venue: PaperServer, balance: int) -> None:
        venue.move("BTCUSDT", "100000")
        self.venue = venue
        self.grid = running_grid(parameters=replace(PARAMETERS), keys=venue.open_account(balance))
        row = strategy_row(self.grid)
        with Session.reading() as session:
            self.account = session.get_one(ExchangeApi, row.account_id)
        self.connection: TradingConnection = trading_connection("paper", credentials_of(self.account))
        self.number = 0

    def trade(self, side: Side, quantity: str, client_order_id: str = "") -> None:
        self.number += 1
        order = NewOrder(
            "BTCUSDT",
            side,
            OrderType.MARKET,
            D(quantity),
            None,
            client_order_id or f"my-own-{self.number}",
            venue_now_ms("paper"),
        )
        replies: list[Reply] = []
        self.connection.place(order, replies.append)
        wait_until(lambda: replies, 5, "the venue replies")
        assert replies[0].outcome is Outcome.ACCEPTED

    def fill(self, cell_index: int) -> None:
        """Trades what the grid's order of the cell would, in its name."""
        order = next(one for one in order_rows(self.grid) if one.cell_index == cell_index)
        with Session.begin() as session:
            session.get_one(GridOrder, order.id).status = OrderStatus.UNKNOWN
        self.trade(Side(order.side), format(order.quantity, "f"), order.client_order_id)

    def portfolio(self, times: int = 2) -> Portfolio:
        for _ in range(times):
            reconcile(self.account.id)
        return portfolio(self.account.user_id, "paper")


def lines_of(found: Portfolio) -> dict[str, Decimal]:
    return {line.kind: line.amount for line in found.books.lines}


@pytest.fixture
def hand(paper_server: PaperServer) -> Iterator[Hand]:
    hand = Hand(paper_server, 20_000)
    yield hand
    hand.connection.close()


def test_a_quiet_grid_needs_what_its_heavier_side_could_hold(hand: Hand) -> None:
    found = hand.portfolio()
    (exposure,) = found.exposures
    assert (found.wallet_balance, found.capital_in_use, found.margin_ratio) == (D(20000), 0, 0)
    assert found.capital_needed is not None
    assert found.capital_free == D(20000) - found.capital_needed
    assert TEN_CELLS_NOTIONAL / 2 * D("0.95") < found.capital_needed < TEN_CELLS_NOTIONAL / 2 * D("1.05")
    assert exposure.strategies == [hand.grid]
    assert lines_of(found) == {"TRANSFER": D(20000)}
    assert (found.books.balance, found.books.wallet_before) == (True, 0)


def test_the_users_own_trades_and_their_funding_are_lines_of_their_own(hand: Hand) -> None:
    hand.fill(0)
    hand.trade(Side.BUY, "0.013")
    hand.venue.pay_funding("BTCUSDT", "0.0007")
    hand.venue.move("BTCUSDT", "101000")
    hand.trade(Side.SELL, "0.007")
    found = hand.portfolio()
    lines = lines_of(found)
    assert set(lines) == {"STRATEGIES", "STRATEGIES_FUNDING", "EXTERNAL", "EXTERNAL_FUNDING", "TRANSFER"}
    assert sum(lines.values()) == found.wallet_balance
    assert (found.books.balance, found.books.difference, found.books.wallet_before) == (True, 0, 0)
    assert found.funding == lines["STRATEGIES_FUNDING"] < 0
    (exposure,) = found.exposures
    assert exposure.external_position == D("0.006")
    assert exposure.position == strategy_row(hand.grid).position > 0
    whole = exposure.position + exposure.external_position
    assert (exposure.notional, found.capital_in_use) == (whole * 101000, whole * 101000 / 2)
    assert found.margin_balance is not None
    assert found.maintenance_margin is not None
    assert found.margin_ratio is not None
    assert abs(found.margin_ratio * found.margin_balance - found.maintenance_margin) < D("1e-9")
    (share,) = found.strategies
    assert share.total_pnl == found.total_pnl


def test_trades_on_a_symbol_of_no_grid_are_a_line_too(hand: Hand) -> None:
    hand.venue.move("ETHUSDT", "2500")
    replies: list[Reply] = []
    order = NewOrder("ETHUSDT", Side.BUY, OrderType.MARKET, D("0.1"), None, "eth", venue_now_ms("paper"))
    hand.connection.place(order, replies.append)
    wait_until(lambda: replies, 5, "the venue replies")
    found = hand.portfolio()
    assert lines_of(found) == {"OTHER_SYMBOLS": D("-0.125"), "TRANSFER": D(20000)}
    assert found.books.wallet_before == 0


def test_trades_on_the_symbol_of_a_deleted_strategy_stay_in_the_books(hand: Hand) -> None:
    hand.fill(0)
    hand.portfolio()
    with Session.begin() as session:
        gone = session.get_one(GridStrategy, hand.grid)
        columns = {column.key: getattr(gone, column.key) for column in GridStrategy.__table__.columns}
        session.add(GridStrategy(**{**columns, "id": None, "symbol": "ETHUSDT", **dict.fromkeys(SUMS, D(0))}))
        gone.status = StrategyStatus.STOPPED
        delete(session, gone)
    hand.trade(Side.SELL, "0.011")
    found = hand.portfolio()
    assert set(lines_of(found)) == {"EXTERNAL", "TRANSFER"}
    assert (found.books.balance, found.books.wallet_before) == (True, 0)


def test_what_the_insurance_fund_paid_after_a_liquidation_is_a_line(paper_server: PaperServer) -> None:
    hand = Hand(paper_server, 500)
    hand.fill(0)
    hand.trade(Side.BUY, "0.02")
    reconcile(hand.account.id)
    hand.venue.move("BTCUSDT", "60000")  # in one step, far below where the margin is used up
    sleep(0.2)
    found = hand.portfolio()
    lines = lines_of(found)
    assert lines["INSURANCE_CLEAR"] > 0
    assert sum(lines.values()) == found.wallet_balance == 0
    assert (found.books.balance, found.books.wallet_before) == (True, 0)
    assert strategy_row(hand.grid).must_end == "LIQUIDATION"
    assert strategy_row(hand.grid).position == 0
    hand.connection.close()


def test_without_the_exchange_the_ledger_still_answers(hand: Hand) -> None:
    hand.fill(0)
    hand.portfolio()
    hand.venue.inject("error", status=503, code=-1000, msg="Service Unavailable.", seconds=30)
    with Session.begin() as session:
        session.get_one(GridStrategy, hand.grid).books_explanation = "something"
    found = portfolio(hand.account.user_id, "paper")
    assert found.exchange_error
    assert (found.wallet_balance, found.margin_ratio, found.capital_free, found.total_pnl) == (None, None, None, None)
    assert found.fees == strategy_row(hand.grid).fees > 0
    assert found.books.explanation == "something"
