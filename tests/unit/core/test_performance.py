"""Totals and the equity series."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.db import Session
from core.domain.exact import EXACT
from core.equity import MOST_POINTS
from core.errors import VenueUnavailable
from core.models import EquitySnapshot, GridStrategy
from core.performance import Performance, Point, performance, totals
from tests.support.databases import SqliteDatabases
from tests.support.environment import forget_settings
from tests.support.grids import RULES, running_grid

D = Decimal
START = datetime(2026, 1, 1, tzinfo=UTC)
MONEY = st.decimals(min_value=-(10**9), max_value=10**9, places=8)


BOOKS = ("position", "bought_quote", "sold_quote", "realized_pnl", "fees", "funding")
SUMS = (*BOOKS, "grid_profit", "max_drawdown", "peak_equity", "reinvested")


def row(**values: object) -> GridStrategy:
    zero = dict.fromkeys(SUMS, D(0))
    other = {"round_trips": 0, "other_fees": {}, "total_investment": D(1000), "started_at": START, "ran_ms": 0}
    return GridStrategy(**(zero | other | values))


def at(strategy: GridStrategy, mark: str, after: timedelta = timedelta(days=1)) -> Performance:
    return totals(strategy, D(mark), RULES, (), START + after)


LONG = {
    "position": D(2),
    "bought_quote": D(230),
    "sold_quote": D(20),
    "realized_pnl": D(10),
    "fees": D("0.5"),
    "funding": D("-0.1"),
}


@given(st.fixed_dictionaries(dict.fromkeys(BOOKS, MONEY)), MONEY.filter(lambda price: price > 0))
def test_the_total_is_its_parts_exactly(sums: dict[str, Decimal], mark: Decimal) -> None:
    found = totals(row(**sums), mark, None, (), START)
    with localcontext(EXACT):
        assert found.total_pnl == found.realized_pnl + found.unrealized_pnl - found.fees + found.funding
        gross = sums["sold_quote"] - sums["bought_quote"] + sums["position"] * mark
        assert found.total_pnl == gross - sums["fees"] + sums["funding"]


def test_an_open_position_counts_at_the_mark_price() -> None:
    found = at(row(**LONG), "120")
    assert found.average_entry_price == D(110)
    assert found.unrealized_pnl == 2 * (D(120) - D(110))
    assert found.total_pnl == D("29.4")
    assert found.roi_pct == D("2.94")


@pytest.mark.parametrize(("noted", "told"), [("50", "50"), ("40", "49.4")])
def test_the_drawdown_counts_the_present_too(noted: str, told: str) -> None:
    found = at(row(**LONG, max_drawdown=D(noted), peak_equity=D("78.8")), "120")
    assert found.max_drawdown == D(told)


def test_a_year_of_the_same_is_the_apr() -> None:
    found = at(row(grid_profit=D(1)), "1", after=timedelta(days=365))
    assert found.grid_apr_pct == D("0.1")
    halted = row(grid_profit=D(1), stopped_at=START + timedelta(days=36, hours=12))
    assert at(halted, "1", after=timedelta(days=365)).grid_apr_pct == D(1)


def test_earlier_runs_count_in_the_apr_and_the_time_between_them_does_not() -> None:
    found = at(row(grid_profit=D(1), ran_ms=335 * 86_400_000), "1", after=timedelta(days=30))
    assert found.grid_apr_pct == D("0.1")


def test_reinvested_profit_is_not_the_users_own_investment() -> None:
    found = at(row(**LONG, reinvested=D(20), total_investment=D(1020), entry_price=D(100)), "120")
    assert (found.roi_pct, found.buy_and_hold_pnl, found.reinvested) == (D("2.94"), D(200), D(20))


def test_buy_and_hold_begins_with_the_first_run() -> None:
    assert at(row(entry_price=D(110), first_entry_price=D(100)), "110").buy_and_hold_pnl == D(100)


def test_fees_in_other_assets_are_in_no_total() -> None:
    found = at(row(other_fees={"BNB": "0.01"}), "100")
    assert (found.other_fees, found.fees, found.total_pnl) == ({"BNB": D("0.01")}, 0, 0)


def test_what_was_never_started_has_no_apr_and_nothing_to_compare_with() -> None:
    found = at(row(started_at=None), "1")
    assert (found.grid_apr_pct, found.total_apr_pct, found.buy_and_hold_pnl) == (None, None, None)


def test_buy_and_hold_is_the_investment_put_in_at_the_entry_price() -> None:
    assert at(row(entry_price=D(100)), "110").buy_and_hold_pnl == D(100)


def test_a_flat_strategy_has_no_liquidation() -> None:
    found = at(row(), "100")
    assert (found.liquidation_price, found.margin_ratio, found.average_entry_price) == (None, None, None)


def test_around_the_liquidation_price_the_margin_is_used_up() -> None:
    strategy = row(**{**LONG, "position": D(20), "bought_quote": D(2220)})
    price = at(strategy, "110").liquidation_price
    assert price is not None
    above, below = (totals(strategy, price + tick, RULES, (), START).margin_ratio for tick in (D("0.1"), D("-0.1")))
    assert above is not None
    assert below is not None
    assert above < 1 < below


def test_beyond_liquidation_there_is_no_ratio() -> None:
    assert at(row(**{**LONG, "position": D(20), "bought_quote": D(2220)}), "1").margin_ratio is None


@pytest.fixture
def _grid(_sqlite_databases: SqliteDatabases, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with _sqlite_databases.fresh() as url:
        monkeypatch.setenv("DATABASE_URL", url)
        forget_settings()
        running_grid()
        yield
        forget_settings()


def snapshots(count: int) -> None:
    with Session.begin() as session:
        for number in range(count):
            zero = {"position": D(0), "grid_profit": D(0), "unrealized_pnl": D(0), "fees": D(0), "funding": D(0)}
            moment = START + timedelta(minutes=number)
            session.add(EquitySnapshot(strategy_id=1, at=moment, mark_price=D(7), total_pnl=D(number), **zero))


def series(start: datetime | None = None, end: datetime | None = None) -> list[Point]:
    with Session.reading() as session:
        strategy = session.get_one(GridStrategy, 1)
    return list(performance(strategy, start, end).equity)


@pytest.mark.usefixtures("_grid")
def test_the_series_is_equity_over_time() -> None:
    snapshots(3)
    assert [(point.at, point.equity) for point in series()] == [
        (START + timedelta(minutes=number), D(10000) + number) for number in range(3)
    ]


@pytest.mark.usefixtures("_grid")
def test_the_series_is_cut_at_both_ends() -> None:
    snapshots(10)
    found = series(START + timedelta(minutes=2), START + timedelta(minutes=4))
    assert [point.total_pnl for point in found] == [2, 3, 4]


@pytest.mark.usefixtures("_grid")
@pytest.mark.parametrize("count", [MOST_POINTS, MOST_POINTS + 1, 3 * MOST_POINTS + 7])
def test_a_long_series_is_thinned_and_keeps_its_last_point(count: int) -> None:
    snapshots(count)
    found = series()
    assert MOST_POINTS / 2 < len(found) <= MOST_POINTS
    assert found[-1].total_pnl == count - 1


@pytest.mark.usefixtures("_grid")
def test_without_any_mark_price_an_open_position_has_no_total() -> None:
    with Session.begin() as session:
        strategy = session.get_one(GridStrategy, 1)
        strategy.position = D(1)
    with pytest.raises(VenueUnavailable):
        performance(strategy)
    snapshots(1)
    assert performance(strategy).mark_price == 7, "the last one that was noted"
