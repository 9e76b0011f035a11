"""What is asked of the process that computes. Nothing here loads what it computes with."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from core.candles.store import MINUTES, StoredDay
from core.domain.backing import Backing
from core.domain.checks import SymbolUse
from core.domain.parameters import Parameters
from core.domain.symbol_rules import SymbolRules

LEVERAGES = {"steady": (1, 2, 3), "balanced": (1, 2, 3, 5), "aggressive": (2, 3, 5, 10)}  # to choose from, by aim
AIMS = tuple(LEVERAGES)
LEAST_TO_FORECAST, LEAST_TO_SUGGEST = MINUTES, 2 * MINUTES  # candles
SEED = 20261124
PATHS = 40  # of each scenario: an answer within a third of a second


@dataclass(frozen=True, slots=True)
class Funding:
    """A payment each so many hours, always at `rate`: a fraction of the notional, positive where longs pay. It is the
    mean of so many past payments; 0: what the venue says of the next one."""

    rate: Decimal
    hours: int
    payments: int


@dataclass(frozen=True, slots=True)
class ForecastQuestion:
    """`days`: the past to draw from, oldest first. `funding` None: not known."""

    parameters: Parameters
    rules: SymbolRules
    entry_price: Decimal
    days: tuple[StoredDay, ...]
    horizon_days: int
    funding: Funding | None = None
    seed: int = SEED
    paths: int = PATHS


@dataclass(frozen=True, slots=True)
class SuggestQuestion:
    """`wanted`: symbol, type, investment and what else is fixed; its range and number of cells only where it `runs`.
    `leverage` None: to be found. From `free` (USDT, by leverage; empty where it is not asked for) on: what creation's
    guards judge by."""

    wanted: Parameters
    leverage: int | None
    aim: str
    rules: SymbolRules
    entry_price: Decimal
    days: tuple[StoredDay, ...]
    free: Mapping[int, Decimal]
    funding: Funding | None = None
    other_orders: int = 0
    symbol_use: SymbolUse | None = None
    backing: Backing | None = None
    refuses_liquidation_inside: bool = False
    runs: bool = False

    @property
    def leverages(self) -> tuple[int, ...]:
        return LEVERAGES[self.aim] if self.leverage is None else (self.leverage,)
