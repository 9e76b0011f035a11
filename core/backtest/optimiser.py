"""Tries neighbouring grids on the same candles: how the range and the number of cells change what came of it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product

from core.backtest.candles import Market
from core.backtest.simulator import Result, simulate
from core.domain.exact import EXACT
from core.domain.lines import MAX_CELLS, MIN_CELLS
from core.domain.parameters import Parameters
from core.domain.symbol_rules import SymbolRules
from core.errors import Refused

WIDTHS = tuple(Decimal(text) for text in ("0.5", "0.75", "1", "1.25", "1.5", "2"))  # of the range given
COUNTS = tuple(Decimal(text) for text in ("0.25", "0.5", "0.75", "1", "1.5", "2", "3"))  # of the number of cells given
THREADS = 2


@dataclass(frozen=True, slots=True)
class Tried:
    parameters: Parameters
    result: Result


def neighbours(parameters: Parameters, rules: SymbolRules) -> list[Parameters]:
    """Ranges around the same middle and numbers of cells around the one given, itself among them."""
    middle = (parameters.lower_price + parameters.upper_price) / 2
    half = (parameters.upper_price - parameters.lower_price) / 2
    cells = parameters.grid_number or MIN_CELLS
    sets = {
        (rules.round_price(middle - width * half), rules.round_price(middle + width * half), int(cells * share))
        for width, share in product(WIDTHS, COUNTS)
    }
    return [
        replace(parameters, lower_price=lower, upper_price=upper, grid_number=number)
        for lower, upper, number in sorted(sets)
        if lower > 0 and MIN_CELLS <= number <= MAX_CELLS
    ]


def tried(sets: list[Parameters], rules: SymbolRules, market: Market) -> Iterator[Tried | None]:
    """As each is done; None where a set can't be traded."""
    with ThreadPoolExecutor(THREADS) as pool:
        yield from pool.map(lambda one: _try(one, rules, market), sets)


def rank(tries: list[Tried]) -> list[Tried]:
    """Best first: what was earned less the largest fall on the way."""
    return sorted(tries, key=lambda one: EXACT.subtract(one.result.total_pnl, one.result.max_drawdown), reverse=True)


def _try(parameters: Parameters, rules: SymbolRules, market: Market) -> Tried | None:
    with suppress(Refused):
        return Tried(parameters, simulate(parameters, rules, market))
    return None
