"""One grid over candles in the kernel's whole numbers.

The unit of money is the largest of which everything that is traded, paid and kept is a whole number. Where a funding
payment would need a finer one than 64 bits hold, the kernel rounds it, for drawdown and liquidation only: the totals
are counted from positions and fills, exactly.
"""

from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import lcm

import numpy as np

from core.backtest import kernel
from core.backtest.candles import Market
from core.backtest.entry import Entry
from core.backtest.ladder import ladder_of
from core.backtest.state import Amounts, Kept, Numbers, State, Terms
from core.domain.exact import EXACT, ZERO
from core.domain.order import Side
from core.domain.parameters import Parameters
from core.domain.plan import Plan
from core.domain.symbol_rules import SymbolRules
from core.errors import Invalid

_ROOM = 1 << 60
NONE = -1  # no slot


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: `ending` as in the kernel, at `tick` of `candle`; drawdown in quote.

    `position` (steps) is what was held then, before a closing order; `trailed` the cells by which the range has moved
    up. `filled`: BUY and SELL fills of each slot of the ladder; `held`: positions (steps) at the funding times reached;
    `fills` and `equity` where asked for.
    """

    ending: int
    candle: int
    tick: int
    position: int
    trailed: int
    grid_fills: int
    drawdown: Fraction
    filled: Numbers
    held: list[int]
    fills: Numbers
    equity: Numbers


class Simulation:
    """`market` and `grid` as they were given; `ladder` holds what trailing may make of the grid."""

    def __init__(self, parameters: Parameters, rules: SymbolRules, market: Market, grid: Plan, entry: Entry) -> None:
        self.market, self.candles, self.rules, self.grid, self.entry = market, market.candles, rules, grid, entry
        self.ladder = ladder_of(parameters, rules, grid, market.lowest, market.highest)
        self.capital = parameters.total_investment
        self.per_quote = self._money_unit()
        self._terms = self._made_terms()
        self._start, self._slots, self._payments = self._started(), self._first_slots(), self._payments_a_step()

    def over(self, market: Market) -> "Simulation":
        """The same grid from the same price over another market, one of the same funding rates that keeps within this
        one's prices: nothing but its candles and payments is made ready anew."""
        other = copy(self)
        other.market, other.candles = market, market.candles
        other._payments = other._payments_a_step()
        return other

    def ticks(self, price: Decimal) -> int:
        return _count(price, self.candles.tick)

    def steps(self, quantity: Decimal) -> int:
        return _count(quantity, self.rules.step_size)

    @property
    def inventory(self) -> int:
        """Bought (sold: negative) at the start, in steps."""
        side = self.grid.inventory_side
        waiting = sum((cell.quantity for cell in self.grid.cells if cell.needs_inventory), ZERO)
        return 0 if side is None else side.sign * self.steps(waiting)

    def replay(self, fills: int = 0, closes: int = 0) -> Outcome:
        """Keeps the first `fills` fills and the equity at the first `closes` closes."""
        unpaid, due = self.entry.first_payment, self.market.due
        filled, held = np.zeros((2, len(self.ladder.slots)), np.int64), np.zeros(len(due), np.int64)
        kept = Kept(
            slots=self._slots.copy(),
            filled=filled,
            held=held[unpaid:],
            fills=np.zeros((fills, 3), np.int64),
            equity=np.zeros(closes, np.int64),
        )
        ending, candle, tick, bottom, position, drawdown, count = kernel.replay(
            self.candles.prices, self.market.blocks, self.entry.candle, self.entry.point,
            self._terms, kept, self._start, due[unpaid:], self._payments[unpaid:],
        )  # fmt: skip
        if ending == kernel.TOO_LARGE:
            raise _too_precise()
        reached = int(np.searchsorted(due, candle, side="right"))
        return Outcome(
            int(ending), int(candle), int(tick), int(position), int(bottom) - self.ladder.bottom, int(count),
            Fraction(int(drawdown), self.per_quote), filled, held[:reached].tolist(), kept.fills, kept.equity,
        )  # fmt: skip

    def _made_terms(self) -> Terms:
        ladder = self.ladder
        unit, maker, taker = (self._money(part * self._lot) for part in (1, *self._fees))
        return Terms(
            lines=np.array([self.ticks(line) for line in ladder.lines], np.int64),
            added=self._added(),
            quantities=np.array([self.steps(cell.quantity) for cell in ladder.slots], np.int64),
            openings=np.array([cell.opening_side.sign for cell in ladder.slots], np.int64),
            stops=self._stops(),
            tiers=self._tiers(),
            size=len(self.grid.cells),
            capital=self._money(Fraction(self.capital)),
            unit=unit,
            maker=maker,
            taker=taker,
            ceiling=self.ticks(self.market.highest),
        )

    def _started(self) -> State:
        """After the market orders of the start."""
        entry, position, bottom = self.ticks(self.entry.price), self.inventory, self.ladder.bottom
        buying = sum(1 for cell in self.grid.cells if cell.first_side is Side.BUY)
        cash = -position * entry * self._terms.unit - abs(position) * entry * self._terms.taker
        return State(entry, bottom, bottom + buying, position, cash)

    def _first_slots(self) -> Numbers:
        """Of the cells that the grid starts with, at their places."""
        slots = np.full(len(self.ladder.lines) - 1, NONE, np.int64)
        slots[self.ladder.bottom :][: len(self.grid.cells)] = np.arange(len(self.grid.cells))
        return slots

    def _added(self) -> Numbers:
        places = range(len(self.ladder.lines) - 1)
        return np.array([[slots.get(place, NONE) for place in places] for slots in (self.ladder.up, self.ladder.down)])

    def _stops(self) -> Numbers:
        lower, upper = zip(*self.ladder.stops, strict=True)
        return np.array(
            [
                [-1 if price is None else self.ticks(price) for price in lower],
                [kernel.NEVER if price is None else self.ticks(price) for price in upper],
            ],
            np.int64,
        )

    @property
    def _lot(self) -> Fraction:
        """Quote of one step at one tick."""
        return Fraction(self.candles.tick) * Fraction(self.rules.step_size)

    @property
    def _fees(self) -> tuple[Fraction, Fraction]:
        return Fraction(self.rules.maker_fee), Fraction(self.rules.taker_fee)

    def _money(self, amount: Fraction) -> int:
        return _whole(amount * self.per_quote)

    def _money_unit(self) -> int:
        """How many units of money are one quote. Raises Invalid where 64 bits can't hold that."""
        rates = [Fraction(bracket.maintenance_rate) for bracket in self.rules.brackets]
        needed = [part * self._lot for part in (Fraction(1), *self._fees, *rates)]
        needed += [Fraction(bracket.cum) for bracket in self.rules.brackets] + [Fraction(self.capital)]
        unit = lcm(*(amount.denominator for amount in needed))
        finest = lcm(unit, self.market.denominator * Fraction(self.rules.step_size).denominator)
        if self._most() * unit >= _ROOM:
            raise _too_precise()
        if self._most() * finest < _ROOM:
            return finest
        while self._most() * unit * 10 < _ROOM:
            unit *= 10
        return unit

    def _most(self) -> Fraction:
        """A bound of what is held and owned, in quote."""
        largest = max(cell.quantity for cell in self.ladder.slots)
        highest = max(self.market.highest, self.ladder.lines[-1])
        return Fraction(largest) * len(self.grid.cells) * Fraction(highest) + Fraction(self.capital)

    def _payments_a_step(self) -> Amounts:
        """What each payment brings to a step held long."""
        return self.market.amounts * float(Fraction(self.rules.step_size) * self.per_quote)

    def _tiers(self) -> Numbers:
        """Caps beyond what can be held are all the same to the kernel."""
        rows = [
            (
                min(int(bracket.notional_cap * self.per_quote), _ROOM),
                self._money(Fraction(bracket.maintenance_rate) * self._lot),
                min(self._money(Fraction(bracket.cum)), _ROOM),
            )
            for bracket in self.rules.brackets
        ]
        return np.array(rows, np.int64).reshape(-1, 3)


def _count(amount: Decimal, unit: Decimal) -> int:
    count, rest = EXACT.divmod(amount, unit)
    assert not rest, f"{amount} is no multiple of {unit}"
    return int(count)


def _whole(number: Fraction) -> int:
    assert number.denominator == 1, f"{number} is not whole"
    return number.numerator


def _too_precise() -> Invalid:
    return Invalid("too_precise", "These amounts have more digits than the simulator holds exactly.")
