import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.backtest.kernel import Numbers
from core.candles.packing import Series
from core.forecast.moves import Bend, Paths, moves_of, retraced
from core.forecast.scenarios import scenarios
from tests.unit.core.forecast.pasts import past

PAST = past(3)
MOVES = moves_of(PAST)
BENDS = st.builds(
    Bend,
    volatility=st.floats(0.1, 4),
    drift=st.floats(-1.5, 1.5),
    begins=st.floats(0, 0.5),
    ends=st.floats(0.5, 1),
    pull=st.floats(0, 0.01),
)


def is_valid(ticks: Numbers) -> bool:
    opened, highest, lowest, closed = ticks
    return bool(
        np.all(lowest >= 1)
        and np.all(lowest <= np.minimum(opened, closed))
        and np.all(highest >= np.maximum(opened, closed))
    )


@settings(max_examples=40)
@given(bend=BENDS, seed=st.integers(0, 1 << 31), start=st.integers(1, 10_000_000))
def test_every_candle_of_a_path_is_a_valid_one_and_the_first_opens_at_the_start(
    bend: Bend, seed: int, start: int
) -> None:
    ticks = Paths(MOVES, start, 500, bend).path(seed)
    assert is_valid(ticks)
    assert ticks[0, 0] == start


def test_the_same_seed_makes_the_same_path_and_another_one_another() -> None:
    paths = Paths(MOVES, 250_000, 2000, Bend())
    assert np.array_equal(paths.path(5), Paths(MOVES, 250_000, 2000, Bend()).path(5))
    assert not np.array_equal(paths.path(5), paths.path(6))


def test_the_past_retraced_from_its_own_start_is_the_past() -> None:
    assert np.max(np.abs(retraced(MOVES, int(PAST.prices[0, 0])) - PAST.prices)) <= 1


def test_over_a_gap_nothing_is_said_to_have_happened() -> None:
    later = Series(PAST.times[:10] + 10 * 86_400_000, PAST.prices[:, :10] * 3, 2)
    both = Series(
        np.concatenate((PAST.times[:10], later.times)), np.concatenate((PAST.prices[:, :10], later.prices), axis=1), 2
    )
    assert np.allclose(moves_of(both).logs[:, 10:], moves_of(later).logs)


def test_without_its_drift_a_rising_past_makes_paths_that_rise_and_fall() -> None:
    rising = moves_of(past(5, drift=30.0))
    ends = [Paths(rising, 250_000, 1440, Bend()).path(seed)[3, -1] for seed in range(200)]
    assert 60 < sum(end > 250_000 for end in ends) < 140


def test_scenarios_move_the_way_they_are_called() -> None:
    found = {scenario.name: scenario for scenario in scenarios(MOVES, 3)}

    def ends(name: str) -> float:
        paths = Paths(MOVES, 250_000, 3 * 1440, found[name].bend)
        return float(np.median([paths.path(seed)[3, -1] for seed in range(60)]))

    assert ends("slow_fall") < ends("as_recent") < ends("slow_rise") < ends("breakout_up")
    assert ends("crash") < ends("breakout_down") < ends("slow_fall")
    spread = {
        name: np.std([Paths(MOVES, 250_000, 1440, found[name].bend).path(seed)[3, -1] for seed in range(100)])
        for name in ("ranging", "as_recent", "volatile")
    }
    assert 3 * spread["ranging"] < 3 * spread["as_recent"] < 2 * spread["volatile"]
