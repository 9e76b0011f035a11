"""The slow, obvious simulator: every cell has its order, every price is a Decimal, and nothing is clever.

It shares the plan with the trading code (lines, quantities, opening orders) and nothing with the compiled loop.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from core.candle_files import Candle, Payment
from core.domain.lifecycle import FinishReason
from core.domain.order import Side
from core.domain.parameters import Parameters, StrategyType
from core.domain.plan import PlannedCell, plan
from core.domain.risk import maintenance_margin, stop_prices
from core.domain.symbol_rules import SymbolRules

ZERO = Decimal(0)


@dataclass
class LiveCell:
    planned: PlannedCell
    side: Side
    entry: tuple[Decimal, Decimal] | None = None  # price and fee of what opened it, while it is open


@dataclass
class Reference:
    parameters: Parameters
    rules: SymbolRules
    payments: list[Payment]
    cells: list[LiveCell] = field(default_factory=list)
    at: Decimal = ZERO
    position: Decimal = ZERO
    gross: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    grid_profit: Decimal = ZERO
    round_trips: int = 0
    fills: int = 0
    peak: Decimal = ZERO
    drawdown: Decimal = ZERO
    reason: FinishReason | None = None

    def run(self, candles: Sequence[Candle]) -> "Reference":
        self._start(candles[0].open)
        for candle in candles:
            self._pay(candle)
            if self.position and self._is_insolvent(self.at):
                self._end(self.at, FinishReason.LIQUIDATION)
            for price in candle.path():
                if self.reason is None:
                    self._move(price)
            if self.reason is not None:
                self._see()
                return self
            self._see()
        return self

    @property
    def equity(self) -> Decimal:
        """Less the capital."""
        return self.gross + self.position * self.at - self.fees + self.funding

    def _start(self, entry: Decimal) -> None:
        self.at = entry
        grid = plan(self.parameters, self.rules, entry)
        lower, upper = grid.lines[0], grid.lines[-1]
        loss, profit = stop_prices(self.parameters, lower, upper, self.rules)
        bearish = self.parameters.strategy_type is StrategyType.BEARISH
        self.below, self.above = (profit, loss) if bearish else (loss, profit)
        for planned in grid.cells:
            cell = LiveCell(planned, planned.first_side)
            self.cells.append(cell)
            if planned.needs_inventory:
                fee = planned.quantity * entry * self.rules.taker_fee
                cell.entry = entry, fee
                self._trade(planned.opening_side, planned.quantity, entry, fee)
        self.fills = 1 if self.position else 0

    def _pay(self, candle: Candle) -> None:
        while self.payments and self.payments[0].at <= candle.opened_ms:
            payment = self.payments.pop(0)
            mark = candle.open if payment.mark is None else payment.mark
            self.funding -= self.position * mark * payment.rate

    def _move(self, target: Decimal) -> None:
        """To `target`, through whatever lies on the way, nearest first."""
        while self.reason is None:
            bound = self._next_bound(target)
            filling = self._next_fill(target)
            if bound is not None and (filling is None or not self._comes_first(filling, bound[0])):
                self._end(*bound)
            elif filling is not None:
                self._fill(filling)
            else:
                break
        if self.reason is None:
            self.at = target

    def _comes_first(self, cell: LiveCell, bound: Decimal) -> bool:
        """Whether the cell's line is nearer than the bound; at the same price the bound is first."""
        price = cell.planned.price(cell.side)
        return price > bound if cell.side is Side.BUY else price < bound

    def _next_fill(self, target: Decimal) -> LiveCell | None:
        buys = [c for c in self.cells if c.side is Side.BUY and target <= c.planned.lower <= self.at]
        sells = [c for c in self.cells if c.side is Side.SELL and self.at <= c.planned.upper <= target]
        if target < self.at or (target == self.at and buys):
            return max(buys, key=lambda c: c.planned.lower, default=None)
        return min(sells, key=lambda c: c.planned.upper, default=None)

    def _next_bound(self, target: Decimal) -> tuple[Decimal, FinishReason] | None:
        """The stop or liquidation that lies on the way, and the price at which it closes."""
        bearish = self.parameters.strategy_type is StrategyType.BEARISH
        found: list[tuple[Decimal, FinishReason]] = []
        if target < self.at:
            if self.below is not None and target <= self.below:
                found.append((self.below, FinishReason.TAKE_PROFIT if bearish else FinishReason.STOP_LOSS))
            liquidated = self._liquidation(self.at, target) if self.position > 0 else None
            if liquidated is not None:
                found.append((liquidated, FinishReason.LIQUIDATION))
            return max(found, key=lambda one: one[0], default=None)
        if target > self.at:
            if self.above is not None and target >= self.above:
                found.append((self.above, FinishReason.STOP_LOSS if bearish else FinishReason.TAKE_PROFIT))
            liquidated = self._liquidation(self.at, target) if self.position < 0 else None
            if liquidated is not None:
                found.append((liquidated, FinishReason.LIQUIDATION))
            return min(found, key=lambda one: one[0], default=None)
        if self.position and self._is_insolvent(self.at):
            return self.at, FinishReason.LIQUIDATION
        return None

    def _liquidation(self, start: Decimal, target: Decimal) -> Decimal | None:
        """The first tick on the way at which equity is no more than maintenance: found by halving."""
        if not self.rules.brackets or not self._is_insolvent(target):
            return None
        tick = self.rules.tick_size
        sign = 1 if target > start else -1
        low, high = 0, int(abs(target - start) / tick)
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self._is_insolvent(start + sign * middle * tick) else (middle + 1, high)
        return start + sign * low * tick

    def _is_insolvent(self, price: Decimal) -> bool:
        if not self.rules.brackets:
            return False
        balance = self.parameters.total_investment + self.gross + self.position * price - self.fees + self.funding
        return balance <= maintenance_margin(abs(self.position) * price, self.rules.brackets)

    def _fill(self, cell: LiveCell) -> None:
        planned, side = cell.planned, cell.side
        price = planned.price(side)
        fee = planned.quantity * price * self.rules.maker_fee
        self._trade(side, planned.quantity, price, fee)
        self.at = price
        self.fills += 1
        if side is planned.opening_side:
            cell.entry = price, fee
        else:
            assert cell.entry is not None
            opened, paid = cell.entry
            self.grid_profit += side.sign * planned.quantity * (opened - price) - paid - fee
            self.round_trips += 1
            cell.entry = None
        cell.side = side.opposite

    def _trade(self, side: Side, quantity: Decimal, price: Decimal, fee: Decimal) -> None:
        self.position += side.sign * quantity
        self.gross -= side.sign * quantity * price
        self.fees += fee

    def _end(self, price: Decimal, reason: FinishReason) -> None:
        self.at = price
        self.reason = reason
        if self.position:
            side = Side.SELL if self.position > 0 else Side.BUY
            quantity = abs(self.position)
            self._trade(side, quantity, price, quantity * price * self.rules.taker_fee)
            self.fills += 1

    def _see(self) -> None:
        self.peak = max(self.peak, self.equity)
        self.drawdown = max(self.drawdown, self.peak - self.equity)
