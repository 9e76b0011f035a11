"""Rules, parameters and hypothesis strategies that the tests of this room share."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from core.domain.grid import GridType, Parameters, Sizing, StrategyType
from core.domain.symbol_rules import Bracket, SymbolRules


def tier(floor: str, cap: str, leverage: int, rate: str, cum: str) -> Bracket:
    return Bracket(Decimal(floor), Decimal(cap), leverage, Decimal(rate), Decimal(cum))


BRACKETS = (
    tier("0", "50000", 125, "0.004", "0"),
    tier("50000", "250000", 100, "0.005", "50"),
    tier("250000", "1000000", 50, "0.01", "1300"),
    tier("1000000", "10000000", 20, "0.025", "16300"),
)

ETH = SymbolRules(
    symbol="ETHUSDT",
    price_precision=2,
    quantity_precision=3,
    tick_size=Decimal("0.01"),
    min_price=Decimal("0.01"),
    max_price=Decimal("306177"),
    step_size=Decimal("0.001"),
    min_quantity=Decimal("0.001"),
    max_quantity=Decimal("10000"),
    market_step_size=Decimal("0.001"),
    market_min_quantity=Decimal("0.001"),
    market_max_quantity=Decimal("2000"),
    min_notional=Decimal("5"),
    max_num_orders=200,
    percent_price_up=Decimal("1.05"),
    percent_price_down=Decimal("0.95"),
    brackets=BRACKETS,
    maker_fee=Decimal("0.0002"),
    taker_fee=Decimal("0.0005"),
    contract_value=Decimal(1),
    tradable=True,
)


def rules(**changes: Any) -> SymbolRules:
    """ETHUSDT's rules; numbers may be given as text."""
    return replace(
        ETH, **{name: Decimal(value) if isinstance(value, str) else value for name, value in changes.items()}
    )


def grid(**changes: Any) -> Parameters:
    """A neutral arithmetic grid of 10 cells from 2000 to 3000 with 1,000 USDT; prices may be given as text."""
    values: dict[str, Any] = {
        "symbol": "ETHUSDT",
        "grid_type": GridType.ARITHMETIC,
        "strategy_type": StrategyType.NEUTRAL,
        "lower_price": "2000",
        "upper_price": "3000",
        "grid_number": 10,
        "total_investment": "1000",
        **changes,
    }
    return Parameters(
        **{name: Decimal(value) if type(value) is str and name != "symbol" else value for name, value in values.items()}
    )


ticks = st.sampled_from([Decimal(tick) for tick in ("1e-7", "0.00001", "0.0005", "0.01", "0.10", "0.25", "1", "5")])
strategy_types = st.sampled_from(StrategyType)
sizings = st.sampled_from(Sizing)


@st.composite
def ranges(draw: st.DrawFn, tick: Decimal) -> tuple[Decimal, Decimal]:
    """A lower and an upper price, from one tick to a million, on the tick or halves or eighths of one beside it."""
    scale = Decimal(draw(st.sampled_from([1, 1, 2, 8])))
    low = draw(st.integers(1, int(min(Decimal(10) ** 9, Decimal(10) ** 6 / tick))))
    width = draw(st.integers(1, max(2, low * 3)))
    return max(tick, low * tick / scale), low * tick + width * tick / scale


@st.composite
def asked_grids(draw: st.DrawFn, grid_types: tuple[GridType, ...] = (GridType.ARITHMETIC, GridType.GEOMETRIC)) -> Any:
    """(parameters, rules) of any shape; the lines may or may not be possible."""
    tick = draw(ticks)
    lower, upper = draw(ranges(tick))
    parameters = grid(
        grid_type=draw(st.sampled_from(grid_types)),
        strategy_type=draw(strategy_types),
        sizing=draw(sizings),
        lower_price=lower,
        upper_price=upper,
        grid_number=draw(st.integers(2, 200)),
        total_investment=Decimal(draw(st.integers(1, 10**9))) / 100,
        leverage=draw(st.integers(1, 20)),
    )
    step = draw(st.sampled_from([Decimal(text) for text in ("0.001", "0.1", "1")]))
    return parameters, rules(
        tick_size=tick,
        min_price=tick,
        max_price="1e12",
        step_size=step,
        min_quantity=step,
        max_quantity="1e15",
        market_step_size=step,
        market_min_quantity=step,
        market_max_quantity="1e14",
    )
