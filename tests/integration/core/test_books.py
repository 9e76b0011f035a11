"""Whether the books balance: what one check, or the walk over all rows, finds of rows that don't agree."""

from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest
from sqlalchemy import select

from core.clock import from_ms
from core.db import Session
from core.domain.ledger import SETTLEMENT_ASSET
from core.domain.order import Side, Trade
from core.exchange.base import Income as Line
from core.models import ExchangeApi, Fill, GridStrategy, Income, TradeCursor
from core.reconciliation import audit, books
from tests.support.grids import order_rows, running_grid, strategy_row

pytestmark = pytest.mark.usefixtures("database_url")
D = Decimal
AT = 1_760_000_000_000


class Told:
    """An exchange's ledger, as a list of lines."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = sorted(lines, key=lambda line: line.at)

    def incomes(self, start: int, end: int | None = None) -> list[Line]:
        return [line for line in self._lines if line.at >= start][: books.PAGE]


class Bookkeeper:
    """A grid whose trades are booked in pairs, here and at the exchange."""

    def __init__(self) -> None:
        self.grid = running_grid()
        self.order = order_rows(self.grid)[0]
        self.account_id = self.order.account_id
        self.lines: list[Line] = []
        self.number = 0
        with Session.begin() as session:
            session.get_one(ExchangeApi, self.account_id).created_at = from_ms(AT - 1000)
            session.add(TradeCursor(account_id=self.account_id, symbol="BTCUSDT", trade_id=10**9))

    def trade(
        self, asset: str = SETTLEMENT_ASSET, *, ours: bool = True, booked: bool = True, lines: bool = True
    ) -> int:
        """One trade with a fee of 0.01 of `asset` and 0.5 realised; `ours`: of an order of the grid."""
        self.number += 1
        trade = Trade(
            symbol="BTCUSDT",
            trade_id=str(self.number),
            order_id="77",
            side=Side.BUY,
            price=D(95000),
            quantity=D("0.001"),
            fee=D("0.01"),
            fee_asset=asset,
            realized_pnl=D("0.5"),
            is_maker=True,
            traded_at=AT + self.number,
        )
        if booked:
            self._book(trade, ours)
        if lines:
            self.lines += [self._line("COMMISSION", D("-0.01"), asset), self._line("REALIZED_PNL", D("0.5"))]
        return self.number

    def _book(self, trade: Trade, ours: bool) -> None:
        with Session.begin() as session:
            strategy = session.get_one(GridStrategy, self.grid)
            names = ("symbol", "trade_id", "order_id", "side", "price", "quantity", "fee", "fee_asset")
            session.add(
                Fill(
                    **{name: getattr(trade, name) for name in (*names, "realized_pnl", "is_maker")},
                    account_id=self.account_id,
                    strategy_id=self.grid if ours else None,
                    grid_order_id=self.order.id if ours else None,
                    exchange="paper",
                    traded_at=from_ms(trade.traded_at),
                )
            )
            if ours:
                strategy.ledger = strategy.ledger.apply(trade)

    def _line(self, kind: str, amount: Decimal, asset: str = SETTLEMENT_ASSET, trade_id: str | None = None) -> Line:
        trade = str(self.number) if trade_id is None else trade_id
        return Line("BTCUSDT", kind, amount, asset, AT + self.number, f"{kind}{self.number}", trade)

    def check(self, times: int = 2) -> GridStrategy:
        for _ in range(times):
            books.read_incomes(self.account_id, Told(self.lines))  # type: ignore[arg-type]  # all that is asked of it
            audit.check(self.account_id)
        return strategy_row(self.grid)

    def account(self) -> ExchangeApi:
        with Session.reading() as session:
            return session.get_one(ExchangeApi, self.account_id)

    def change(self, row: type, which: object, **values: object) -> None:
        with Session.begin() as session:
            found = session.scalars(select(row).where(which)).one()  # type: ignore[arg-type]
            for name, value in values.items():
                setattr(found, name, value)

    def remove(self, row: type, which: object) -> None:
        with Session.begin() as session:
            for found in session.scalars(select(row).where(which)):  # type: ignore[arg-type]
                session.delete(found)


@pytest.fixture
def keeper() -> Bookkeeper:
    return Bookkeeper()


@pytest.fixture
def _short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "AUDITED", 3)
    monkeypatch.setattr(audit, "PAGE", 3)


def test_nothing_traded_is_in_balance(keeper: Bookkeeper) -> None:
    row = keeper.check(1)
    assert (row.books_balance, row.books_difference, row.books_explanation) == (True, 0, "")


def test_fees_close_in_the_asset_that_they_were_paid_in(keeper: Bookkeeper) -> None:
    keeper.trade("BNB")
    keeper.trade()
    row = keeper.check(1)
    assert (row.books_balance, row.fees, row.other_fees) == (True, D("0.01"), {"BNB": "0.01"})
    keeper.change(GridStrategy, GridStrategy.id == keeper.grid, other_fees={"BNB": "0.02"})
    row = keeper.check()
    assert (row.books_balance, row.books_difference) == (False, 0)
    assert row.books_explanation == "the running sums come to 0.01 BNB less than the fills"


def test_a_trade_whose_lines_are_not_there_yet_is_left_out(keeper: Bookkeeper) -> None:
    keeper.trade()
    keeper.trade(lines=False)
    row = keeper.check()
    assert row.books_balance
    assert row.books_fill_id == 1


def test_a_difference_is_believed_when_it_is_seen_again(keeper: Bookkeeper) -> None:
    keeper.trade()
    keeper.check(1)
    keeper.trade(lines=False)
    keeper.trade()
    first = keeper.check(1)
    assert (first.books_balance, first.books_difference) == (True, D("0.49"))
    second = keeper.check(1)
    assert (second.books_balance, second.books_difference) == (False, D("0.49"))
    assert "0.49 USDT more than the exchange's lines" in second.books_explanation


def test_what_was_put_right_balances_again(keeper: Bookkeeper) -> None:
    keeper.trade()
    right = strategy_row(keeper.grid).fees
    keeper.change(GridStrategy, GridStrategy.id == keeper.grid, fees=right + D("1e-18"))
    assert keeper.check().books_difference == -D("1e-18")
    keeper.change(GridStrategy, GridStrategy.id == keeper.grid, fees=right)
    row = keeper.check(1)
    assert (row.books_balance, row.books_difference, row.books_explanation) == (True, 0, "")


def test_agreed_trades_are_not_compared_again_but_audited(keeper: Bookkeeper) -> None:
    for _ in range(4):
        keeper.trade()
    assert keeper.check(1).books_fill_id == 4
    assert keeper.check(1).books_sums == {SETTLEMENT_ASSET: "1.96"}


Tamper = Callable[[Bookkeeper], None]
TAMPERED: dict[str, Tamper] = {
    "an old fill is lost": lambda keeper: keeper.remove(Fill, Fill.trade_id == "2"),
    "an old fee is another": lambda keeper: keeper.change(Fill, Fill.trade_id == "2", fee=D("0.02")),
    "an old fill has moved to nobody": lambda keeper: keeper.change(Fill, Fill.trade_id == "2", strategy_id=None),
    "an old line is lost": lambda keeper: keeper.remove(Income, Income.tran_id == "REALIZED_PNL2"),
    "two old fills make up for each other": lambda keeper: (
        keeper.change(Fill, Fill.trade_id == "2", realized_pnl=D("0.6")),
        keeper.change(Fill, Fill.trade_id == "3", realized_pnl=D("0.4")),
        keeper.remove(Income, Income.tran_id == "REALIZED_PNL1"),
    )[0],
}


@pytest.mark.usefixtures("_short_pages")
@pytest.mark.parametrize("what", TAMPERED)
def test_what_a_running_sum_can_t_see_the_slow_walk_finds(keeper: Bookkeeper, what: str) -> None:
    for _ in range(8):
        keeper.trade()
    assert keeper.check(6).books_balance
    TAMPERED[what](keeper)
    keeper.lines = []  # a lost line does not come back
    assert not keeper.check(7).books_balance


@pytest.mark.usefixtures("_short_pages")
def test_more_trades_than_a_page_may_wait_for_their_lines(keeper: Bookkeeper) -> None:
    keeper.trade()
    for _ in range(7):
        keeper.trade(lines=False)
    row = keeper.check(1)
    assert (row.books_balance, row.books_difference, row.books_fill_id) == (True, 0, 1)


def test_a_trade_taken_over_behind_the_running_sum_is_counted_at_once(keeper: Bookkeeper) -> None:
    foreign = keeper.trade(ours=False)
    keeper.trade()
    keeper.check(1)
    keeper.change(Fill, Fill.trade_id == str(foreign), strategy_id=keeper.grid, grid_order_id=keeper.order.id)
    strategy = strategy_row(keeper.grid)
    keeper.change(
        GridStrategy,
        GridStrategy.id == keeper.grid,
        realized_pnl=strategy.realized_pnl + D("0.5"),
        fees=strategy.fees + D("0.01"),
    )
    row = keeper.check(1)
    assert (row.books_balance, row.books_difference) == (True, 0)


def test_the_users_own_trades_are_compared_for_the_account(keeper: Bookkeeper) -> None:
    keeper.trade(ours=False)
    keeper.check(1)
    assert keeper.account().books_balance
    keeper.change(Fill, Fill.trade_id == "1", fee=D("0.03"))
    assert keeper.check().books_balance
    account = keeper.account()
    assert (account.books_balance, account.books_difference) == (False, -D("0.02"))


def test_a_trade_that_was_never_booked_is_missed_by_the_account(keeper: Bookkeeper) -> None:
    keeper.trade()
    keeper.check(1)
    keeper.trade(booked=False)
    keeper.trade()
    keeper.check()
    account = keeper.account()
    assert (account.books_balance, account.books_difference) == (False, -D("0.49"))
    assert account.books_explanation.endswith("never booked: 0.49 USDT less")


def test_shares_of_a_liquidation_come_to_the_trade(keeper: Bookkeeper) -> None:
    keeper.trade(ours=False)
    with Session.begin() as session:
        fill = session.scalars(select(Fill)).one()
        columns = {column.key: getattr(fill, column.key) for column in Fill.__table__.columns if column.key != "id"}
        fill.realized_pnl, fill.fee = D("0.2"), D("0.004")
        session.add(Fill(**{**columns, "share": 1, "realized_pnl": D("0.3"), "fee": D("0.006")}))
    keeper.check()
    assert keeper.account().books_balance
    keeper.change(Fill, Fill.share == 1, realized_pnl=D("0.31"))
    keeper.check()
    assert keeper.account().books_difference == D("0.01")
