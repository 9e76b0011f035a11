"""What people wait for who ask for a forecast or for suggestions, with a month of 1-minute candles stored: in this
process and the child that computes, on a PostgreSQL. The floor is the answer to a question asked before."""

from contextlib import ExitStack
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import psutil
import pytest

from core import clock
from core.db import answer_within
from stack.postgres import Postgres
from tests.bench.measurement import Measurement
from tests.support.databases import PostgresDatabases
from tests.support.environment import forget_settings, hermetic
from tests.support.history import walk
from tests.support.servers import PaperServer, RedisServer
from tests.unit.web.people import Person, somebody
from web import create_app

DAYS = 30
TIMES = 15
SYMBOL, PRICE = "BTCUSDT", 80_000
GRID = {
    "symbol": SYMBOL,
    "grid_type": "ARITHMETIC",
    "strategy_type": "NEUTRAL",
    "lower_price": "76000",
    "upper_price": "84000",
    "grid_number": 50,
    "leverage": 3,
    "window_days": DAYS,
}
SEARCH = {"symbol": SYMBOL, "strategy_type": "NEUTRAL", "window_days": DAYS}


def measure() -> list[Measurement]:
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        stack.callback(forget_settings)
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="gridkeeper-bench-")))
        redis, postgres = RedisServer(folder), Postgres()
        redis.start()
        stack.callback(redis.stop)
        postgres.start()
        stack.callback(postgres.close)
        for name, value in {**hermetic(), "LOG_LEVEL": "WARNING"}.items():
            patch.setenv(name, value)
        database = stack.enter_context(PostgresDatabases(postgres.url()).fresh())
        venue = PaperServer(folder)
        for name, value in (("REDIS_URL", redis.url), ("DATABASE_URL", database), ("PAPER_URL", venue.url)):
            patch.setenv(name, value)
        forget_settings()
        venue.start()
        stack.callback(venue.stop)
        venue.move(SYMBOL, str(PRICE))
        answer_within(60)
        person = somebody(create_app({"RATELIMIT_ENABLED": False}))
        assert person.post("/exchange-keys", {"exchange": "paper"}).status_code == 201
        walk(DAYS)
        return [*_measured(person, "forecast", GRID), *_measured(person, "suggest", SEARCH)]


def _measured(person: Person, kind: str, question: dict[str, object]) -> list[Measurement]:
    """Each question is asked once, then once more."""
    amounts = count(3000)

    def ask(amount: int) -> float:
        began = clock.monotonic()
        answer = person.post(f"/grid/{kind}/paper", {**question, "total_investment": str(amount)})
        took = clock.monotonic() - began
        assert answer.status_code == 200, answer.json
        return 1000 * took

    first = ask(next(amounts))
    asked = [next(amounts) for _ in range(TIMES)]
    new, known = (median(map(ask, asked)) for _ in range(2))
    child = next(one for one in psutil.Process().children() if f"gridkeeper: {kind}" in one.cmdline()[0])
    return [
        Measurement(f"forecasts.{kind}", new, "ms", known),
        Measurement(f"forecasts.{kind}_first_of_a_process", first, "ms"),
        Measurement(f"forecasts.{kind}_memory_of_the_process", child.memory_full_info().pss / 2**20, "MB"),
    ]
