"""The slow, obvious simulator: every cell has its order, every price is a Decimal, and nothing is clever.

It shares the plan and the steps of trailing with the trading code and nothing with the compiled loop.
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
from core.domain.trailing import step_prices, trailing_step

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
    waits: bool = False
    trailed: int = 0

    def run(self, candles: Sequence[Candle]) -> "Reference":
        self.at = candles[0].open
        self.waits = self.parameters.trigger_price not in {None, self.at}
        if not self.waits:
            self._start(self.at)
        for candle in candles:
            self._pay(candle)
            self._check()
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

    def _await(self, target: Decimal) -> None:
        """Starts at the first tick on the way to `target` that is at or beyond the trigger."""
        trigger, tick = self.parameters.trigger_price, self.rules.tick_size
        assert trigger is not None
        rises = self.at < trigger
        price = self.at
        while price != target:
            price += tick if target > price else -tick
            if price >= trigger if rises else price <= trigger:
                self.waits = False
                self._start(price)
                self._check()
                return

    def _check(self) -> None:
        if self.position and self._is_insolvent(self.at):
            self._end(self.at, FinishReason.LIQUIDATION)

    def _start(self, entry: Decimal) -> None:
        self.at = entry
        self.grid = grid = plan(self.parameters, self.rules, entry)
        self._place_stops(grid.lines[0], grid.lines[-1])
        for planned in grid.cells:
            cell = LiveCell(planned, planned.first_side)
            self.cells.append(cell)
            if planned.needs_inventory:
                fee = planned.quantity * entry * self.rules.taker_fee
                cell.entry = entry, fee
                self._trade(planned.opening_side, planned.quantity, entry, fee)
        self.fills = 1 if self.position else 0

    def _place_stops(self, lower: Decimal, upper: Decimal) -> None:
        loss, profit = stop_prices(self.parameters, lower, upper, self.rules)
        bearish = self.parameters.strategy_type is StrategyType.BEARISH
        self.below, self.above = (profit, loss) if bearish else (loss, profit)

    def _pay(self, candle: Candle) -> None:
        while self.payments and self.payments[0].at <= candle.opened_ms:
            payment = self.payments.pop(0)
            mark = candle.open if payment.mark is None else payment.mark
            self.funding -= self.position * mark * payment.rate

    def _move(self, target: Decimal) -> None:
        """To `target`, through whatever lies on the way, nearest first."""
        if self.waits:
            self._await(target)
        while self.reason is None and not self.waits:
            bound = self._next_bound(target)
            filling = self._next_fill(target)
            step = self._next_step(target)
            others = [bound[0]] if bound is not None else []
            others += [filling.planned.price(filling.side)] if filling is not None else []
            if step is not None and all(self._is_nearer(step[0], other) for other in others):
                self._take(*step)
            elif bound is not None and (filling is None or not self._comes_first(filling, bound[0])):
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

    def _is_nearer(self, price: Decimal, other: Decimal) -> bool:
        return abs(price - self.at) < abs(other - self.at)

    def _next_step(self, target: Decimal) -> tuple[Decimal, LiveCell, PlannedCell] | None:
        """Where the range moves by a cell, as the market stands beyond it or will on the way; what it loses, gains."""
        dues = step_prices(self.parameters, self.rules, self.trailed)
        steps = [self._step(due, rises, target) for due, rises in zip(dues, (True, False), strict=True)]
        return min(filter(None, steps), key=lambda step: abs(step[0] - self.at), default=None)

    def _step(self, due: Decimal | None, rises: bool, target: Decimal) -> tuple[Decimal, LiveCell, PlannedCell] | None:
        further = max if rises else min
        reached = further(self.at, target)
        if due is None or further(reached, due) != reached:
            return None
        lost = self.cells[0 if rises else -1]
        added = trailing_step(
            self.parameters,
            self.rules,
            self.trailed,
            due,
            per_grid_amount=self.grid.per_grid_amount,
            dropped_quantity=lost.planned.quantity,
        )
        if added is None or lost.side is not lost.planned.opening_side or lost.entry is not None:
            return None
        return further(self.at, due), lost, added

    def _take(self, price: Decimal, lost: LiveCell, added: PlannedCell) -> None:
        rises = lost is self.cells[0]
        self.cells.remove(lost)
        self.cells.insert(len(self.cells) if rises else 0, LiveCell(added, added.opening_side))
        self.trailed += 1 if rises else -1
        self.at = price
        self._place_stops(self.cells[0].planned.lower, self.cells[-1].planned.upper)

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
