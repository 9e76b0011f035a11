from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.paper.feeds import Step, make_feed
from core.paper.symbols import EXCHANGE_INFO_SYMBOLS, START_PRICES

TICKS = {listing["symbol"]: Decimal(listing["filters"][0]["tickSize"]) for listing in EXCHANGE_INFO_SYMBOLS}
TRADING = sorted(listing["symbol"] for listing in EXCHANGE_INFO_SYMBOLS if listing["status"] == "TRADING")
MOVES_IN_TWO_MINUTES = 240


def steps_of(start_prices: Mapping[str, Decimal], count: int, speed: float = 1) -> list[Step]:
    feed = make_feed("synthetic", speed, start_prices)
    assert feed is not None
    return list(islice(feed.steps(), count))


def prices_by_symbol(moves_each: int) -> dict[str, list[Decimal]]:
    prices: dict[str, list[Decimal]] = defaultdict(list)
    for step in steps_of(START_PRICES, moves_each * len(TRADING)):
        assert step.price is not None
        prices[step.symbol].append(step.price)
    return prices


def lines_crossed(start: Decimal, prices: Sequence[Decimal]) -> int:
    """Fills of a grid of 20 cells over 3 % around `start`: each line reached counts once until the next is."""
    lines = [start * (Decimal("0.97") + Decimal("0.003") * k) for k in range(21)]
    last, crossed = 10, 0
    for price in prices:
        while last < 20 and price >= lines[last + 1]:
            last, crossed = last + 1, crossed + 1
        while last > 0 and price <= lines[last - 1]:
            last, crossed = last - 1, crossed + 1
    return crossed


def test_every_symbol_in_trading_moves_twice_a_second() -> None:
    steps = steps_of(START_PRICES, 20 * len(TRADING))
    assert sum(step.delay_s for step in steps) == pytest.approx(10)
    assert Counter(step.symbol for step in steps) == dict.fromkeys(TRADING, 20)


def test_the_speed_divides_the_waiting() -> None:
    assert steps_of(START_PRICES, 1, speed=10)[0].delay_s == pytest.approx(steps_of(START_PRICES, 1)[0].delay_s / 10)


def test_the_same_feed_twice_is_the_same_market() -> None:
    assert steps_of(START_PRICES, 2000) == steps_of(START_PRICES, 2000)


def test_a_symbols_path_does_not_depend_on_what_else_is_listed() -> None:
    alone = steps_of({"SOLUSDT": START_PRICES["SOLUSDT"]}, 300)
    assert [step.price for step in alone] == prices_by_symbol(300)["SOLUSDT"]


def test_a_contract_that_is_not_in_trading_does_not_move() -> None:
    assert "MKRUSDT" in START_PRICES
    assert steps_of({"MKRUSDT": START_PRICES["MKRUSDT"]}, 10) == []


def test_it_pays_no_funding_of_its_own() -> None:
    assert all(step.funding_rate is None for step in steps_of(START_PRICES, 1000))


@given(ticks=st.integers(min_value=1, max_value=10**7), symbol=st.sampled_from(TRADING))
def test_prices_are_whole_ticks_above_zero_and_never_farther_off_than_a_tenth_or_the_start(
    ticks: int, symbol: str
) -> None:
    start, anchor = ticks * TICKS[symbol], START_PRICES[symbol]
    for step in steps_of({symbol: start}, 500):
        assert step.price is not None
        assert step.price % TICKS[symbol] == 0
        assert step.price > 0
        assert abs(step.price - anchor) <= max(anchor / 10, abs(start - anchor))


def test_a_market_that_sets_out_far_away_comes_back() -> None:
    prices = [step.price for step in steps_of({"BTCUSDT": Decimal(88000)}, 5000)]
    assert all(price is not None and price > 86000 for price in prices[:20])
    assert any(price is not None and price < 80000 for price in prices)


def test_a_grid_of_twenty_cells_trades_within_two_minutes_of_almost_any_moment() -> None:
    quiet = windows = 0
    for prices in prices_by_symbol(20 * MOVES_IN_TWO_MINUTES).values():
        for first in range(0, len(prices), MOVES_IN_TWO_MINUTES):
            window = prices[first : first + MOVES_IN_TWO_MINUTES]
            windows += 1
            quiet += lines_crossed(window[0], window) == 0
    assert quiet <= windows * 0.02


def test_every_symbol_trades_a_grid_within_the_first_two_minutes() -> None:
    for symbol, prices in prices_by_symbol(MOVES_IN_TWO_MINUTES).items():
        assert lines_crossed(START_PRICES[symbol], prices) > 0, symbol


def test_the_market_comes_back_to_where_it_started() -> None:
    for symbol, prices in prices_by_symbol(7200).items():
        start = START_PRICES[symbol]
        assert any(price > start for price in prices[3600:]), symbol
        assert any(price < start for price in prices[3600:]), symbol
        assert sum(abs(price - start) < start * Decimal("0.03") for price in prices) > 0.9 * len(prices), symbol


def test_bursts_cross_a_whole_cell_within_five_seconds_now_and_then() -> None:
    prices = prices_by_symbol(7200)["BTCUSDT"]
    in_five_seconds = [abs(later / earlier - 1) for earlier, later in zip(prices, prices[10:], strict=False)]
    in_one_move = [abs(later / earlier - 1) for earlier, later in pairwise(prices)]
    assert max(in_five_seconds) > Decimal("0.006")
    assert max(in_one_move) < Decimal("0.005")
