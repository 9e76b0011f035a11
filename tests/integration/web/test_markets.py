"""Prices as people look at them."""

from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from core import bus
from core.clock import now_ms
from core.config import settings
from core.markets import MARK_IS_FRESH_MS, mark_of
from tests.support.servers import PaperServer
from tests.unit.web.people import Person

D = Decimal


def publish(price: str, age_ms: int) -> None:
    bus.publish_marks("paper", {"ETHUSDT": {"mark_price": price, "at": now_ms() - age_ms}})


def test_the_market_shows_prices_funding_and_the_days_range(anna: Person, paper_server: PaperServer) -> None:
    paper_server.move("ETHUSDT", "3111.5")
    answer = anna.get("/market/paper/ETHUSDT")
    shown: Any = answer.json
    assert answer.status_code == 200
    assert (D(shown["last_price"]), D(shown["mark_price"])) == (D("3111.5"), D("3111.5"))
    assert D(shown["low_24h"]) <= D(shown["last_price"]) <= D(shown["high_24h"])
    assert shown["next_funding_at"] > shown["at"]
    assert 0 <= shown["age_ms"] < 60_000
    assert anna.get("/market/paper/NOPEUSDT").status_code == 404


def test_candles_come_oldest_first_in_their_window(anna: Person) -> None:
    candles: Any = anna.get("/market/paper/ETHUSDT/candles?interval=15m&limit=10").json
    times = [candle["open_time"] for candle in candles]
    assert times == sorted(times)
    assert len(times) == 10
    window = f"from={times[2]}&to={times[4]}"
    inside: Any = anna.get(f"/market/paper/ETHUSDT/candles?interval=15m&{window}").json
    assert [candle["open_time"] for candle in inside] == times[2:5]
    assert all(D(candle["low"]) <= D(candle["close"]) <= D(candle["high"]) for candle in candles)


@pytest.mark.parametrize(
    "query", ["interval=7m", "limit=0", "limit=1501", "from=yesterday", "from=2026-02-01&to=2026-01-01", "page=1"]
)
def test_odd_candles_are_refused(anna: Person, query: str) -> None:
    assert anna.get(f"/market/paper/ETHUSDT/candles?{query}").status_code == 422


def test_a_published_mark_that_is_fresh_is_taken(app: Flask, paper_server: PaperServer) -> None:
    publish("1234", age_ms=0)
    mark = mark_of("paper", "ETHUSDT")
    assert mark is not None
    assert mark.price == 1234


def test_instead_of_an_old_one_the_venue_is_asked(app: Flask, paper_server: PaperServer) -> None:
    paper_server.move("ETHUSDT", "3000")
    publish("1234", age_ms=MARK_IS_FRESH_MS + 1000)
    mark = mark_of("paper", "ETHUSDT")
    assert mark is not None
    assert mark.price == 3000


def test_an_old_one_is_better_than_none(app: Flask, paper_server: PaperServer, monkeypatch: pytest.MonkeyPatch) -> None:
    publish("1234", age_ms=MARK_IS_FRESH_MS + 1000)
    monkeypatch.setenv("PAPER_URL", "http://127.0.0.1:1")
    settings.cache_clear()
    mark = mark_of("paper", "ETHUSDT")
    assert mark is not None
    assert mark.price == 1234
    bus.redis().delete("marks:paper")
    assert mark_of("paper", "ETHUSDT") is None
