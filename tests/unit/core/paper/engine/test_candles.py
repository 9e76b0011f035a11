from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.paper.engine.candles import MINUTE_MS, PAST_MINUTES, flat, made_up_past, roll
from tests.unit.core.paper.engine.desk import Clock, Desk

START = 1_795_000_020_000 // MINUTE_MS * MINUTE_MS
TICK, STEP = Decimal("0.10"), Decimal("0.001")


def test_moves_of_one_minute_make_one_candle(desk: Desk, clock: Clock) -> None:
    clock.time = START
    for price in ("80500", "79000", "80200"):
        desk.move(price)
    candle = desk.exchange.candle(desk.exchange.market("BTCUSDT"))
    assert (candle.open, candle.high, candle.low, candle.close) == (80000, 80500, 79000, 80200)
    assert candle.trades == 3
    assert candle.volume > 0


@given(minutes=st.integers(0, 200))
def test_minutes_without_a_move_are_flat(minutes: int) -> None:
    closed, now_open = roll(flat(START, Decimal(7)), START + minutes * MINUTE_MS + 1)
    assert [one.opened for one in (*closed, now_open)] == [START + n * MINUTE_MS for n in range(minutes + 1)]
    assert {one.close for one in (*closed, now_open)} == {Decimal(7)}


def test_a_clock_that_jumps_back_closes_nothing() -> None:
    candle = flat(START, Decimal(7))
    assert roll(candle, START - 10 * MINUTE_MS) == ([], candle)


def test_the_made_up_past_is_whole_on_tick_and_leads_to_the_price() -> None:
    past = made_up_past("BTCUSDT", START, Decimal(80_000), TICK, STEP)
    assert len(past) == PAST_MINUTES
    assert past[-1].close == 80_000
    assert past[-1].opened == START - MINUTE_MS
    for before, after in pairwise(past):
        assert after.opened - before.opened == MINUTE_MS
        assert after.open == before.close
    assert all(one.low <= min(one.open, one.close) <= max(one.open, one.close) <= one.high for one in past)
    assert all(one.low > 0 and one.close % TICK == 0 and one.volume > 0 for one in past)


def test_the_made_up_past_is_the_same_every_time_and_moves() -> None:
    past = made_up_past("BTCUSDT", START, Decimal(80_000), TICK, STEP)
    assert past == made_up_past("BTCUSDT", START, Decimal(80_000), TICK, STEP)
    assert past != made_up_past("ETHUSDT", START, Decimal(80_000), TICK, STEP)
    assert len({one.close for one in past}) > 500
