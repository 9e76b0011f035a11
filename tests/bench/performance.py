"""What people wait for who look at a strategy of 100,000 fills and a year: in this process, on each kind of database.

The floor of each is the same request for a strategy that has just started.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import insert

from core import bus, clock
from core.db import Session, answer_within
from core.equity import TIERS
from core.models import EquitySnapshot, ExchangeApi, Fill, GridStrategy, Income, TradeCursor
from core.reconciliation import audit
from stack.postgres import Postgres
from tests.bench.measurement import Measurement
from tests.support.databases import PostgresDatabases, SqliteDatabases
from tests.support.environment import forget_settings, hermetic
from tests.support.grids import order_rows, running_grid, strategy_row
from tests.support.servers import RedisServer
from tests.unit.web.people import Person
from web import create_app

FILLS = 100_000
TIMES = 40
AT_ONCE = 5000
GAIN, FEE = Decimal("0.03"), Decimal("0.01")
YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds."""

    performance: float
    portfolio: float
    books: float


def measure() -> list[Measurement]:
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        stack.callback(forget_settings)
        for name, value in {**hermetic(), "LOG_LEVEL": "WARNING"}.items():
            patch.setenv(name, value)
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="gridkeeper-bench-")))
        redis = RedisServer(folder)
        redis.start()
        stack.callback(redis.stop)
        patch.setenv("REDIS_URL", redis.url)
        postgres = Postgres()
        postgres.start()
        stack.callback(postgres.close)
        databases = {"sqlite": SqliteDatabases(folder), "postgresql": PostgresDatabases(postgres.url())}
        return [one for kind, some in databases.items() for one in _measured(kind, some)]


def _measured(kind: str, databases: SqliteDatabases | PostgresDatabases) -> Iterator[Measurement]:
    with databases.fresh() as url, _database(url):
        floor = _timed(running_grid())
    with databases.fresh() as url, _database(url):
        grid = running_grid()
        _write_a_year(grid)
        whole = _milliseconds(lambda: audit.check(strategy_row(grid).account_id))
        timed = _timed(grid)
        assert strategy_row(grid).books_balance
    yield Measurement(f"performance.get_{kind}", timed.performance, "ms", floor.performance)
    yield Measurement(f"performance.portfolio_{kind}", timed.portfolio, "ms", floor.portfolio)
    yield Measurement(f"performance.books_check_{kind}", timed.books, "ms", floor.books)
    yield Measurement(f"performance.books_from_the_start_{kind}", whole, "ms")


@contextmanager
def _database(url: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", url)
        forget_settings()
        answer_within(60)
        yield
        forget_settings()


def _timed(grid: int) -> Timed:
    row = strategy_row(grid)
    person = Person(create_app({"RATELIMIT_ENABLED": False}), row.user_id)

    answer_within(60)  # the application's own patience is short

    def answer(path: str) -> float:
        bus.publish_marks("paper", {"BTCUSDT": {"mark_price": "100000", "at": clock.now_ms()}})

        def read() -> None:
            assert person.get(path).status_code == 200

        return _milliseconds(read)

    return Timed(
        performance=_typical(lambda: answer(f"/grid/performance/paper/{grid}")),
        portfolio=_typical(lambda: answer("/portfolio/paper")),
        books=_typical(lambda: _milliseconds(lambda: audit.check(row.account_id))),
    )


def _typical(turn: Callable[[], float]) -> float:
    turn()
    return median(turn() for _ in range(TIMES))


def _milliseconds(action: Callable[[], object]) -> float:
    began = clock.monotonic()
    action()
    return 1000 * (clock.monotonic() - began)


def _write_a_year(grid: int) -> None:
    row, order, moment = strategy_row(grid), order_rows(grid)[0], clock.now()
    with Session.begin() as session:
        session.get_one(ExchangeApi, row.account_id).created_at = moment - YEAR
        session.add(TradeCursor(account_id=row.account_id, symbol=row.symbol, trade_id=FILLS))
        strategy = session.get_one(GridStrategy, grid)
        strategy.realized_pnl, strategy.fees = GAIN * FILLS, FEE * FILLS
    every = YEAR / FILLS
    for first in range(1, FILLS + 1, AT_ONCE):
        numbers = range(first, first + AT_ONCE)
        with Session.begin() as session:
            session.execute(insert(Fill), [_fill(row, order.id, n, moment - YEAR + n * every) for n in numbers])
            lines = [line for n in numbers for line in _lines(row, n, moment - YEAR + n * every)]
            session.execute(insert(Income), lines)
    with Session.begin() as session:
        session.execute(insert(EquitySnapshot), [_point(grid, moment - age) for age in _ages()])


def _fill(row: GridStrategy, order_id: int, number: int, at: datetime) -> dict[str, object]:
    return {
        **{"account_id": row.account_id, "strategy_id": row.id, "grid_order_id": order_id, "exchange": "paper"},
        **{"symbol": row.symbol, "order_id": str(number), "trade_id": str(number), "cell_index": 0, "grid_index": 0},
        **{"side": "BUY", "price": Decimal(95000), "quantity": Decimal("0.001"), "realized_pnl": GAIN},
        **{"fee": FEE, "fee_asset": "USDT", "is_maker": True, "traded_at": at, "share": 0},
    }


def _lines(row: GridStrategy, number: int, at: datetime) -> Iterator[dict[str, object]]:
    for kind, amount in (("COMMISSION", -FEE), ("REALIZED_PNL", GAIN)):
        of_trade = {"symbol": row.symbol, "trade_id": str(number), "tran_id": str(number), "at": at}
        yield {"account_id": row.account_id, "income_type": kind, "amount": amount, "asset": "USDT", **of_trade}


def _ages() -> Iterator[timedelta]:
    """Of the points that are left of a year: each minute's of a day, then two of each span."""
    yield from (timedelta(minutes=number) for number in range(24 * 60))
    ends = [age for age, _ in TIERS[1:]] + [YEAR]
    for (age, span), end in zip(TIERS, ends, strict=True):
        yield from (age + number * span / 2 for number in range(2 * ((end - age) // span)))


def _point(grid: int, at: datetime) -> dict[str, object]:
    zero = dict.fromkeys(("position", "grid_profit", "unrealized_pnl", "fees", "funding"), Decimal(0))
    return {"strategy_id": grid, "at": at, "mark_price": Decimal(100000), "total_pnl": Decimal(at.minute), **zero}
