"""What came of a grid over candles, counted exactly from its fills."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from operator import mul

from core.backtest import kernel
from core.backtest.candles import Market
from core.backtest.entry import entry_of
from core.backtest.simulation import Outcome, Simulation
from core.domain.checks import Problem, number_problems, other_problems
from core.domain.exact import EXACT, PRECISE, ZERO, multiple, to_decimal
from core.domain.grid import resolve
from core.domain.lifecycle import FinishReason
from core.domain.order import Side
from core.domain.parameters import Parameters, StrategyType
from core.domain.plan import Plan, PlannedCell, plan
from core.domain.symbol_rules import SymbolRules
from core.errors import Invalid

_MONEY_DIGITS = Decimal("1e-8")  # the venue's precision of realised profit


@dataclass(frozen=True, slots=True)
class SimulatedTrade:
    """In the candle that opened at `at` (ms). `cell_index` is None for what went to market, below 0 for cells that
    trailing has added below the range: it is counted along the ladder."""

    at: int
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    cell_index: int | None


@dataclass(frozen=True, slots=True)
class Result:
    """Amounts in quote, `position` in base (signed), `ended_at` in ms: when the last candle opened.

    `max_drawdown` is the largest fall of the equity from its highest before, at candle closes and at the end. `trades`
    and `equity` (the gain at each close) are empty unless they were asked for. `trailed` counts the cells by which the
    range has moved up.
    """

    total_pnl: Decimal
    grid_profit: Decimal
    fees: Decimal
    funding: Decimal
    round_trips: int
    fills: int
    position: Decimal
    last_price: Decimal
    max_drawdown: Decimal
    finish_reason: FinishReason | None
    ended_at: int
    trailed: int = 0
    trades: tuple[SimulatedTrade, ...] = ()
    equity: tuple[Decimal, ...] = ()

    @property
    def unrealized_pnl(self) -> Decimal:
        """The venue's, from the recorded trades: against the average entry price, realised parts to 8 decimals."""
        held = cost = ZERO
        for trade in self.trades:
            held, cost = _after(held, cost, trade.side.sign * trade.quantity, trade.price)
        return EXACT.subtract(EXACT.multiply(held, self.last_price), cost)


def simulate(
    parameters: Parameters,
    rules: SymbolRules,
    market: Market,
    *,
    record: bool = False,
) -> Result:
    """Raises Invalid where lines or quantities can't be, and for stops that can't.

    Liquidation is simulated where `rules` has brackets. `record` keeps trades and equity.
    """
    _refuse(number_problems(parameters))
    entry = entry_of(market, parameters.trigger_price)
    if entry is None:
        return _waited(parameters, rules, market, record=record)
    run = Simulation(parameters, rules, market, _planned(parameters, rules, entry.price), entry)
    outcome = run.replay()
    if record:
        outcome = run.replay(fills=outcome.grid_fills, closes=outcome.candle + 1)
    return _told(parameters.strategy_type, run, outcome)


def _planned(parameters: Parameters, rules: SymbolRules, price: Decimal) -> Plan:
    grid = plan(parameters, rules, price)
    _refuse(other_problems(resolve(parameters, rules), grid.lines, price, rules))
    return grid


def _waited(parameters: Parameters, rules: SymbolRules, market: Market, *, record: bool) -> Result:
    """Of a grid whose trigger price was not reached."""
    assert parameters.trigger_price is not None
    _planned(parameters, rules, parameters.trigger_price)
    last = len(market.candles) - 1
    return Result(
        total_pnl=ZERO,
        grid_profit=ZERO,
        fees=ZERO,
        funding=ZERO,
        round_trips=0,
        fills=0,
        position=ZERO,
        last_price=market.candles.price(3, last),
        max_drawdown=ZERO,
        finish_reason=None,
        ended_at=int(market.candles.times[last]),
        equity=(ZERO,) * len(market.candles) if record else (),
    )


def _refuse(problems: Iterable[Problem]) -> None:
    for problem in problems:
        raise Invalid(problem.reason, problem.message, {problem.field: [problem.message]})


def _told(strategy_type: StrategyType, run: Simulation, outcome: Outcome) -> Result:
    books = _Books(run, outcome)
    with localcontext(EXACT):
        fees, funding = books.fees(), books.funding()
        total = books.gross() - fees + funding
    return Result(
        total_pnl=total,
        grid_profit=books.grid_profit(),
        fees=fees,
        funding=funding,
        round_trips=books.round_trips,
        fills=outcome.grid_fills + sum(1 for _ in books.market_trades()),
        position=ZERO if books.has_ended else books.held,
        last_price=books.last_price,
        max_drawdown=to_decimal(outcome.drawdown),
        finish_reason=finish_reason(strategy_type, outcome.ending),
        ended_at=int(run.candles.times[outcome.candle]),
        trailed=outcome.trailed,
        trades=tuple(books.trades()) if len(outcome.fills) == outcome.grid_fills and len(outcome.equity) else (),
        equity=tuple(to_decimal(Fraction(int(gain), run.per_quote)) for gain in outcome.equity),
    )


def finish_reason(strategy_type: StrategyType, ending: int) -> FinishReason | None:
    if ending == kernel.RAN:
        return None
    if ending == kernel.LIQUIDATED:
        return FinishReason.LIQUIDATION
    loses = (ending == kernel.STOPPED_ABOVE) == (strategy_type is StrategyType.BEARISH)
    return FinishReason.STOP_LOSS if loses else FinishReason.TAKE_PROFIT


class _Books:
    """Every amount from counts of fills: nothing has been rounded on the way."""

    def __init__(self, run: Simulation, outcome: Outcome) -> None:
        self._run, self._outcome = run, outcome
        self._cells = [
            (cell, int(buys), int(sells)) for cell, buys, sells in zip(run.ladder.slots, *outcome.filled, strict=True)
        ]
        self._entry = run.entry.price
        self.last_price = multiple(outcome.tick, run.candles.tick)
        self.held = multiple(outcome.position, run.rules.step_size)
        self.has_ended = outcome.ending != kernel.RAN

    @property
    def round_trips(self) -> int:
        return sum(_closings(*one) for one in self._cells)

    def gross(self) -> Decimal:
        flow = sum((trade.side.sign * -trade.quantity * trade.price for trade in self.market_trades()), ZERO)
        for cell, buys, sells in self._cells:
            flow += cell.quantity * (sells * cell.upper - buys * cell.lower)
        return flow if self.has_ended else flow + self.held * self.last_price

    def fees(self) -> Decimal:
        traded = sum(
            (cell.quantity * (sells * cell.upper + buys * cell.lower) for cell, buys, sells in self._cells), ZERO
        )
        return traded * self._run.rules.maker_fee + sum((trade.fee for trade in self.market_trades()), ZERO)

    def funding(self) -> Decimal:
        market = self._run.market
        paid = sum(map(mul, self._outcome.held, market.numerators))
        return EXACT.divide(EXACT.multiply(self._run.rules.step_size, paid), market.denominator)

    def grid_profit(self) -> Decimal:
        """Of round trips, net of both fees; what was opened at market counts at the entry price and the taker fee."""
        with localcontext(EXACT):
            return sum((self._profit_of(*one) for one in self._cells), ZERO)

    def _profit_of(self, cell: PlannedCell, buys: int, sells: int) -> Decimal:
        maker, taker = self._run.rules.maker_fee, self._run.rules.taker_fee
        closings = _closings(cell, buys, sells)
        profit = closings * (cell.upper - cell.lower - (cell.upper + cell.lower) * maker)
        if cell.needs_inventory and closings:
            line = cell.price(cell.opening_side)
            profit -= cell.opening_side.sign * (self._entry - line) + self._entry * taker - line * maker
        return cell.quantity * profit

    def market_trades(self) -> Iterator[SimulatedTrade]:
        """The start's and the end's."""
        steps = self._run.inventory
        if steps:
            yield self._market_trade(self._run.entry.candle, steps, self._entry)
        if self.has_ended and self._outcome.position:
            yield self._market_trade(self._outcome.candle, -self._outcome.position, self.last_price)

    def _market_trade(self, candle: int, steps: int, price: Decimal) -> SimulatedTrade:
        quantity = multiple(abs(steps), self._run.rules.step_size)
        fee = EXACT.multiply(EXACT.multiply(quantity, price), self._run.rules.taker_fee)
        side = Side.BUY if steps > 0 else Side.SELL
        return SimulatedTrade(int(self._run.candles.times[candle]), side, price, quantity, fee, None)

    def trades(self) -> Iterator[SimulatedTrade]:
        """All of them, in order. Market trades stand at both ends."""
        market = list(self.market_trades())
        yield from market[: 1 if self._run.inventory else 0]
        for candle, index, sign in self._outcome.fills.tolist():
            cell = self._run.ladder.slots[index]
            side = Side.BUY if sign > 0 else Side.SELL
            fee = EXACT.multiply(cell.quantity * cell.price(side), self._run.rules.maker_fee)
            yield SimulatedTrade(
                int(self._run.candles.times[candle]), side, cell.price(side), cell.quantity, fee, cell.cell_index
            )
        yield from market[1 if self._run.inventory else 0 :]


def _closings(cell: PlannedCell, buys: int, sells: int) -> int:
    return sells if cell.opening_side is Side.BUY else buys


def _after(held: Decimal, cost: Decimal, signed: Decimal, price: Decimal) -> tuple[Decimal, Decimal]:
    """(position, its signed cost) after a trade; what rounding takes from a realised part stays in the cost."""
    with localcontext(PRECISE):
        if held * signed >= 0:
            return held + signed, cost + signed * price
        closed = signed if abs(signed) <= abs(held) else -held
        realized = (cost * closed / held - closed * price).quantize(_MONEY_DIGITS, ROUND_HALF_UP)
        if closed == signed:
            return held + closed, cost + closed * price + realized
        return held + signed, (held + signed) * price
