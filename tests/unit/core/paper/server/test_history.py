from decimal import Decimal
from itertools import pairwise

import pytest

from core.paper.engine import moves
from core.paper.engine.candles import MINUTE_MS
from core.paper.engine.exchange import Exchange
from core.paper.engine.refusals import VenueError
from core.paper.server.history import DAY_MS, History, span_of
from core.paper.server.restart import restore
from core.paper.server.store import Store

START = 1_795_046_400_000  # midnight, UTC


class Clock:
    def __init__(self) -> None:
        self.time = START + 90_000

    def __call__(self) -> int:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def exchange(clock: Clock) -> Exchange:
    return Exchange(clock)


@pytest.fixture
def history(exchange: Exchange) -> History:
    store = Store(None)
    restore(exchange, store)
    return History(exchange, store)


@pytest.mark.parametrize(("interval", "minutes"), [("1m", 1), ("3m", 3), ("15m", 15), ("4h", 240), ("1d", 1440)])
def test_candles_of_an_interval_are_aligned_without_gaps_and_end_now(
    history: History, interval: str, minutes: int
) -> None:
    span = span_of(interval)
    assert span == minutes * MINUTE_MS
    candles = history.candles("BTCUSDT", span, None, None, 3)
    assert [one.opened % span for one in candles] == [0, 0, 0]
    assert [later.opened - earlier.opened for earlier, later in pairwise(candles)] == [span, span]
    assert candles[-1].close == 80_000


def test_a_larger_candle_is_what_its_minutes_were(history: History) -> None:
    start = START - 60 * MINUTE_MS
    (hour,) = history.candles("BTCUSDT", span_of("1h"), start, START - 1, 10)
    minutes = history.candles("BTCUSDT", span_of("1m"), start, START - 1, 1000)
    assert len(minutes) == 60
    assert (hour.open, hour.close) == (minutes[0].open, minutes[-1].close)
    assert (hour.high, hour.low) == (max(m.high for m in minutes), min(m.low for m in minutes))
    assert hour.volume == sum(m.volume for m in minutes)
    assert hour.turnover == sum(m.turnover for m in minutes)


def test_a_fresh_market_has_five_weeks_of_minutes_asked_for_in_any_order(history: History, exchange: Exchange) -> None:
    start = START - 36 * DAY_MS
    days = {n: history.candles("BTCUSDT", MINUTE_MS, start + n * DAY_MS, None, 1440) for n in (36, 20, *range(36))}
    minutes = [one for n in sorted(days) for one in days[n]]
    assert len(minutes) == 35 * 1440 + 1  # and the open one
    for before, after in pairwise(minutes):
        assert after.opened - before.opened == MINUTE_MS
        assert after.open == before.close
        assert 0 < after.low <= min(after.open, after.close) <= max(after.open, after.close) <= after.high
    assert all(one.close % Decimal("0.1") == 0 for one in minutes)
    again = History(exchange, Store(None)).candles("BTCUSDT", MINUTE_MS, start + 9 * DAY_MS, None, 1440)
    assert again == days[9]
    ranges = [max(one.high for one in day) / min(one.low for one in day) for day in days.values() if len(day) == 1440]
    assert 1.005 < min(ranges) < max(ranges) < 1.5


@pytest.mark.parametrize("interval", ["3m", "1h", "1d"])
def test_old_candles_of_any_interval_are_what_their_minutes_were(history: History, interval: str) -> None:
    span, start = span_of(interval), START - 10 * DAY_MS
    (one, two) = history.candles("BTCUSDT", span, start, None, 2)
    minutes = history.candles("BTCUSDT", MINUTE_MS, one.opened, two.opened - 1, 1500)
    assert (one.opened % span, len(minutes)) == (0, span // MINUTE_MS)
    assert (one.open, one.close) == (minutes[0].open, minutes[-1].close)
    assert (one.high, one.low) == (max(m.high for m in minutes), min(m.low for m in minutes))
    assert (one.volume, one.turnover) == (sum(m.volume for m in minutes), sum(m.turnover for m in minutes))
    assert one.trades == sum(m.trades for m in minutes)


def test_a_day_half_old_and_half_kept_is_one_candle(history: History) -> None:
    days = history.candles("BTCUSDT", DAY_MS, None, None, 60)
    assert [later.opened - earlier.opened for earlier, later in pairwise(days[1:])] == [DAY_MS] * (len(days) - 2)
    assert all(later.open == earlier.close for earlier, later in pairwise(days))


def test_a_move_and_the_minutes_after_it_are_there_at_once(history: History, exchange: Exchange, clock: Clock) -> None:
    history.candles("BTCUSDT", MINUTE_MS, None, None, 1)
    moves.move(exchange, "BTCUSDT", Decimal(81_000))
    clock.time += 3 * MINUTE_MS
    candles = history.candles("BTCUSDT", MINUTE_MS, None, None, 4)
    assert [one.high for one in candles] == [81_000] * 4
    assert [one.volume > 0 for one in candles] == [True, False, False, False]


def test_moves_are_seen_after_the_clock_was_set_back(history: History, exchange: Exchange, clock: Clock) -> None:
    clock.time += MINUTE_MS
    moves.move(exchange, "BTCUSDT", Decimal(81_000))
    clock.time -= MINUTE_MS
    moves.move(exchange, "BTCUSDT", Decimal(82_000))
    assert history.candles("BTCUSDT", MINUTE_MS, None, None, 2)[-1].close == 82_000
    assert history.day("BTCUSDT").close == 82_000


def test_the_day_spans_24_hours(history: History, exchange: Exchange) -> None:
    moves.move(exchange, "BTCUSDT", Decimal(120_000))
    day = history.day("BTCUSDT")
    assert (day.high, day.close) == (120_000, 120_000)
    assert START - DAY_MS <= day.opened <= START - DAY_MS + 2 * MINUTE_MS


def test_an_unknown_interval_is_refused() -> None:
    with pytest.raises(VenueError, match="-1120"):
        span_of("7m")
