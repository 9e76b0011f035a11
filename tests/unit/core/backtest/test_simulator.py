"""The compiled simulator against the reference: equal to the last digit."""

from dataclasses import dataclass
from decimal import Decimal, localcontext

from hypothesis import given, settings
from hypothesis import strategies as st

from core.backtest.candles import Market, in_ticks
from core.backtest.simulator import Result, simulate
from core.candle_files import Candle, Payment
from core.domain.exact import EXACT
from core.domain.parameters import GridType, Parameters, Sizing, StrategyType
from core.domain.symbol_rules import Bracket, SymbolRules
from core.errors import Invalid
from tests.unit.core.backtest.reference import Reference
from tests.unit.core.domain.examples import grid, rules

MINUTE = 60_000
TICK = Decimal("0.5")
BRACKETS = (
    Bracket(Decimal(0), Decimal(2000), 125, Decimal("0.004"), Decimal(0)),
    Bracket(Decimal(2000), Decimal(20000), 100, Decimal("0.01"), Decimal(12)),
    Bracket(Decimal(20000), Decimal(10**9), 20, Decimal("0.05"), Decimal(812)),
)


@dataclass(frozen=True)
class Case:
    parameters: Parameters
    rules: SymbolRules
    candles: list[Candle]
    payments: list[Payment]


@st.composite
def walks(draw: st.DrawFn) -> list[Candle]:
    """Candles around 100, some of them with a gap before them."""
    size = draw(st.sampled_from((1, 4, 20, 80)))
    steps = st.integers(-size, size)
    candles, at = [], draw(st.integers(120, 280))
    for number in range(draw(st.integers(1, 40))):
        opened = max(1, at + draw(st.sampled_from((0, 0, 0, 1))) * draw(steps))
        closed = max(1, opened + draw(steps))
        high = max(opened, closed) + abs(draw(steps))
        low = max(1, min(opened, closed) - abs(draw(steps)))
        candles.append(Candle(number * MINUTE, *(price * TICK for price in (opened, high, low, closed))))
        at = closed
    return candles


@st.composite
def stops(draw: st.DrawFn, strategy_type: StrategyType, lower: int, upper: int) -> dict[str, Decimal | None]:
    """None, prices, or percentages, which move with the range."""
    loss, profit = ("above", "below") if strategy_type is StrategyType.BEARISH else ("below", "above")
    if draw(st.booleans()):
        percentages = st.none() | st.integers(3, 40).map(Decimal)
        return {"stop_loss_pct": draw(percentages), "take_profit_pct": draw(percentages)}
    bounds = {
        "below": draw(st.none() | st.integers(60, lower - 1)),
        "above": draw(st.none() | st.integers(upper + 1, 400)),
    }
    prices = {side: None if bound is None else bound * TICK for side, bound in bounds.items()}
    return {"stop_loss": prices[loss], "take_profit": prices[profit]}


@st.composite
def trailing(
    draw: st.DrawFn, strategy_type: StrategyType, lower: int, upper: int, spacing: int
) -> dict[str, Decimal | None]:
    up = draw(st.none() | st.integers(spacing, 200).map(lambda ticks: (upper + ticks) * TICK))
    down = draw(st.none() | st.integers(spacing, 100).map(lambda ticks: max(2, lower - ticks) * TICK))
    return {
        "trailing_up": None if strategy_type is StrategyType.BEARISH else up,
        "trailing_down": None if strategy_type is StrategyType.BULLISH else down,
    }


@st.composite
def cases(draw: st.DrawFn) -> Case:
    candles = draw(walks())
    lower = draw(st.integers(120, 190))
    upper = lower + draw(st.integers(20, 120))
    strategy_type = draw(st.sampled_from(StrategyType))
    return Case(
        grid(
            grid_type=draw(st.sampled_from((GridType.ARITHMETIC, GridType.GEOMETRIC))),
            strategy_type=strategy_type,
            sizing=draw(st.sampled_from(Sizing)),
            lower_price=lower * TICK,
            upper_price=upper * TICK,
            grid_number=(cells := draw(st.integers(2, 12))),
            total_investment=Decimal(draw(st.integers(500, 5000))),
            leverage=draw(st.sampled_from((1, 5, 20, 50))),
            trigger_price=draw(st.none() | st.integers(240, 560).map(lambda halves: halves * TICK / 2)),
            **draw(stops(strategy_type, lower, upper)),
            **draw(trailing(strategy_type, lower, upper, (upper - lower) // cells + 2)),
        ),
        rules(
            tick_size=TICK,
            brackets=draw(st.sampled_from((BRACKETS, ()))),
            maker_fee=draw(st.sampled_from((Decimal("0.0002"), Decimal(0), Decimal("-0.0001")))),
        ),
        candles,
        [
            Payment(at, Decimal(draw(st.sampled_from(("0.0001", "-0.00021", "0.00003421")))), mark)
            for at, mark in draw(
                st.lists(
                    st.tuples(st.integers(0, len(candles) * MINUTE), st.none() | st.just(Decimal("99.87654321"))),
                    max_size=4,
                )
            )
        ],
    )


def simulated(case: Case, *, record: bool = False) -> Result:
    market = Market(in_ticks(case.candles, TICK), case.payments)
    return simulate(case.parameters, case.rules, market, record=record)


@settings(max_examples=600, deadline=None)
@given(cases())
def test_equals_the_reference_to_the_last_digit(case: Case) -> None:
    last = case.candles[-1].opened_ms
    payments = sorted((one for one in case.payments if one.at <= last), key=lambda one: one.at)
    try:
        result = simulated(case, record=True)
    except Invalid:
        return
    with localcontext(EXACT):
        reference = Reference(case.parameters, case.rules, payments).run(case.candles)
        equity = reference.equity
    assert (result.finish_reason, result.trailed) == (reference.reason, reference.trailed)
    assert (result.fills, result.round_trips) == (reference.fills, reference.round_trips)
    assert (result.position, result.last_price) == (reference.position, reference.at)
    assert result.fees == reference.fees
    assert result.funding == reference.funding
    assert result.grid_profit == reference.grid_profit
    assert result.total_pnl == equity
    if any(payment.mark for payment in case.payments):  # finer than 64 bits hold beside the capital
        assert abs(result.max_drawdown - reference.drawdown) < Decimal("1e-9")
    else:
        assert result.max_drawdown == reference.drawdown
