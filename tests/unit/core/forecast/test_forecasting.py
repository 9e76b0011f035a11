from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from core.backtest.candles import Candles, Market
from core.backtest.simulator import simulate
from core.candle_files import Payment
from core.candles.packing import Series
from core.domain.parameters import Parameters, StrategyType
from core.errors import Invalid
from core.forecast.forecasting import forecast
from core.forecast.moves import Bend, Paths, moves_of
from core.forecast.outcomes import Trial
from core.forecast.questions import ForecastQuestion, Funding, SuggestQuestion
from core.forecast.suggesting import suggest
from tests.unit.core.domain.examples import grid, rules
from tests.unit.core.forecast.pasts import days_of, past

D = Decimal
ENTRY = D(2500)
PAST = past(8)
RULES = rules()


def question(**changes: Any) -> ForecastQuestion:
    asked = ForecastQuestion(grid(leverage=5), RULES, ENTRY, days_of(PAST), horizon_days=2, paths=12)
    return replace(asked, **changes)


def wanted(**changes: Any) -> SuggestQuestion:
    asked = SuggestQuestion(grid(grid_number=None), 3, "balanced", RULES, ENTRY, days_of(PAST), {})
    return replace(asked, **changes)


def chances(told: dict[str, Any], name: str) -> dict[str, str]:
    return next(scenario["chances_pct"] for scenario in told["scenarios"] if scenario["name"] == name)


def test_the_same_question_has_the_same_answer_and_another_seed_another() -> None:
    assert forecast(question()) == forecast(question())
    assert forecast(question())["scenarios"] != forecast(question(seed=1))["scenarios"]


@pytest.mark.parametrize("strategy_type", list(StrategyType))
def test_bands_are_in_order_and_parts_are_parts(strategy_type: StrategyType) -> None:
    told = forecast(question(parameters=grid(strategy_type=strategy_type, leverage=3)))
    for scenario in told["scenarios"]:
        for band in (value for value in scenario.values() if isinstance(value, dict) and "median" in value):
            assert D(band["low"]) <= D(band["median"]) <= D(band["high"])
        assert 0 <= D(scenario["inside_range_pct"]["low"]) <= D(scenario["inside_range_pct"]["high"]) <= 100
        assert D(scenario["max_drawdown"]["low"]) >= 0


@pytest.mark.parametrize("strategy_type", list(StrategyType))
@pytest.mark.parametrize(
    "changes",
    [{}, {"leverage": 75}, {"trigger_price": D(2490)}, {"stop": True}, {"trails": True}],
    ids=str,
)
@pytest.mark.parametrize("funding", [None, Funding(D("0.0003"), 4, 90)], ids=["no funding", "funding"])
def test_every_path_counts_as_the_simulator_counts_it(
    strategy_type: StrategyType, changes: dict[str, Any], funding: Funding | None
) -> None:
    """One after the other in one trial, the wildest first and last."""
    known = {"leverage": changes.get("leverage", 5), "trigger_price": changes.get("trigger_price")}
    if "stop" in changes:
        known["stop_loss"] = D(3100) if strategy_type is StrategyType.BEARISH else D(1900)
    if "trails" in changes:
        known |= {"trailing_up": D(3500)} if strategy_type is not StrategyType.BEARISH else {"trailing_down": D(1500)}
    parameters = grid(strategy_type=strategy_type, **known)
    trial = Trial(parameters, RULES, ENTRY, funding)
    for number, volatility in enumerate((6, 1, 2, 9)):
        ticks = Paths(moves_of(PAST), 250_000, 2880, Bend(volatility=volatility)).path(number)
        payments = [Payment(minute * 60_000, funding.rate) for minute in range(240, 2880, 240)] if funding else []
        exact = simulate(parameters, RULES, Market(Candles(RULES.tick_size, np.arange(2880) * 60_000, ticks), payments))
        told = trial.run(ticks)
        assert told.finish_reason == exact.finish_reason
        assert told.round_trips_per_day == exact.round_trips / 2
        for name in ("total_pnl", "grid_profit", "max_drawdown"):
            assert getattr(told, name) == pytest.approx(float(getattr(exact, name)), abs=1e-6)


def test_a_stop_that_the_crash_reaches_is_told_and_so_is_what_has_none() -> None:
    stopped = forecast(question(parameters=grid(strategy_type=StrategyType.BULLISH, stop_loss="1950", leverage=2)))
    assert chances(stopped, "crash")["stop_loss"] != "100"
    near = grid(strategy_type=StrategyType.BULLISH, lower_price="2400", stop_loss="2390", leverage=2)
    assert chances(forecast(question(parameters=near)), "crash")["stop_loss"] == "100"
    assert "no_stop" not in [reason["code"] for reason in stopped["risk"]["reasons"]]
    assert "no_stop" in [reason["code"] for reason in forecast(question())["risk"]["reasons"]]


def test_the_more_leverage_the_graver_and_a_liquidation_is_named() -> None:
    order = ["LOW", "MEDIUM", "HIGH", "EXTREME"]
    calm, wild = (forecast(question(parameters=grid(leverage=leverage)))["risk"] for leverage in (1, 75))
    assert order.index(calm["grade"]) < order.index(wild["grade"])
    assert any(reason["code"].startswith("liquidation") for reason in wild["reasons"])
    assert all(reason["en"] and reason["zh_hant"] for reason in (*calm["reasons"], *wild["reasons"]))


def test_what_is_not_simulated_is_said() -> None:
    told = forecast(question(parameters=grid(cell_loss_limit="5"), rules=replace(RULES, brackets=())))
    said = {one["code"]: one["en"] for one in told["assumptions"]}
    assert said["not_simulated"] == "not simulated: cell_loss_limit"
    assert "no_brackets" in said


def test_funding_is_paid_along_every_path_and_said() -> None:
    bullish = question(parameters=grid(strategy_type=StrategyType.BULLISH, leverage=3))
    rates = [None, every_8_hours("0.001"), every_8_hours("-0.001")]
    free, paid, got = (forecast(replace(bullish, funding=rate)) for rate in rates)
    lost, won = (median(free) - median(paid), median(got) - median(free))
    assert lost == pytest.approx(won, rel=0.2)
    assert 0 < lost < 5 * 0.001 * 3 * 1000  # five payments within two days, on no more than the whole budget
    said = [next(one["en"] for one in told["assumptions"] if "funding" in one["en"]) for told in (free, paid, got)]
    assert said[0] == "no funding is paid or received: none is known of this symbol"
    assert said[1].startswith("funding: each 8 hours a long position pays 0.1 % of its value")
    assert said[2].startswith("funding: each 8 hours a short position pays 0.1 % of its value")
    assert "longs_pay_mean" in [one["code"] for one in suggest(wanted(funding=rates[1]))["assumptions"]]


def every_8_hours(rate: str) -> Funding:
    return Funding(D(rate), 8, 90)


def median(told: dict[str, Any]) -> float:
    return float(told["scenarios"][0]["total_pnl"]["median"])


def test_the_part_that_judges_has_no_say_in_the_choice() -> None:
    """The last quarter is turned upside down: what was chosen before it, and why, stays as it is."""
    quarter = len(PAST) // 4
    ends = PAST.prices[:, -quarter:]
    opened, highest, lowest, closed = 2 * int(ends[0, 0]) - ends
    other = np.concatenate((PAST.prices[:, :-quarter], np.array([opened, lowest, highest, closed])), axis=1)
    before, after = (
        suggest(wanted(days=days_of(series))) for series in (PAST, Series(PAST.times, other, PAST.decimals))
    )
    for one, two in zip(before["sets"], after["sets"], strict=True):
        assert {name: one[name] for name in ("parameters", "score", "in_sample", "hard_liquidation_pct")} == {
            name: two[name] for name in ("parameters", "score", "in_sample", "hard_liquidation_pct")
        }
    assert [one["out_of_sample"] for one in before["sets"]] != [two["out_of_sample"] for two in after["sets"]]


def test_nothing_is_suggested_that_the_guards_refuse() -> None:
    with pytest.raises(Invalid) as refused:
        suggest(wanted(free={3: D(10)}))
    assert refused.value.reason == "insufficient_balance"
    for one in suggest(wanted(leverage=None, aim="aggressive"))["sets"]:
        assert one["parameters"]["leverage"] <= RULES.max_leverage


def test_a_grid_that_runs_is_set_beside_what_is_suggested() -> None:
    """One so narrow that the market has left it: something did better on both samples."""
    narrow: Parameters = grid(lower_price="2499", upper_price="2504", grid_number=2, leverage=3)
    told = suggest(wanted(wanted=narrow, runs=True))
    assert told["current"]["parameters"]["grid_number"] == 2
    assert told["because"]["code"] == ("better" if told["better"] is not None else "not_better")
    assert told["better"] is not None
