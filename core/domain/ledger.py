"""The books of one strategy and of one cell, exact to the last digit.

Everything is a running sum, so trades may be booked in any order. Only a share of a cost has to be rounded: to 8
decimals, and the last piece takes the rest, so that nothing appears or gets lost.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from typing import TypeVar

from core.domain.exact import EXACT, PRECISE, ZERO, floor_to
from core.domain.order import Side, Trade
from core.errors import ImpossibleState

SETTLEMENT_ASSET = "USDT"
_DIGITS = Decimal("1e-8")  # the venue's own precision of money
_CENT = Decimal("0.01")

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Ledger:
    """A strategy's sums in quote, but `position` (signed, base) and `other_fees` (asset -> amount).

    `realized_pnl` sums the venue's own of each trade, before fees; `fees` are positive when paid, `funding` is signed
    as it moved the wallet; `grid_profit` is that of completed round trips, net of both fees.
    """

    position: Decimal = ZERO
    bought_quote: Decimal = ZERO
    sold_quote: Decimal = ZERO
    realized_pnl: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    grid_profit: Decimal = ZERO
    round_trips: int = 0
    other_fees: Mapping[str, Decimal] = field(default_factory=dict)

    def apply(self, trade: Trade) -> "Ledger":
        """With one more trade, of a grid order or not."""
        with localcontext(EXACT):
            quote = trade.price * trade.quantity
            booked = replace(
                self,
                position=self.position + trade.side.sign * trade.quantity,
                realized_pnl=self.realized_pnl + trade.realized_pnl,
            )
            if trade.side is Side.BUY:
                booked = replace(booked, bought_quote=self.bought_quote + quote)
            else:
                booked = replace(booked, sold_quote=self.sold_quote + quote)
            return booked._with_fee(trade.fee, trade.fee_asset)

    def add_funding(self, amount: Decimal) -> "Ledger":
        with localcontext(EXACT):
            return replace(self, funding=self.funding + amount)

    def add_grid_profit(self, profit: Decimal, round_trips: int) -> "Ledger":
        """Books the net profit of a closing order that has ended, and the round trips it has completed."""
        with localcontext(EXACT):
            return replace(self, grid_profit=self.grid_profit + profit, round_trips=self.round_trips + round_trips)

    def total_pnl(self, mark: Decimal) -> Decimal:
        """sum of sells - sum of buys + position * mark - fees + funding."""
        with localcontext(EXACT):
            return self._gross(mark) - self.fees + self.funding

    def unrealized_pnl(self, mark: Decimal) -> Decimal:
        """What the venue has not realised of the gross."""
        with localcontext(EXACT):
            return self._gross(mark) - self.realized_pnl

    def earned(self, settled: Decimal) -> Decimal:
        """Grid profit beyond what is `settled`, in whole cents and only as far as it is in the wallet: never negative.
        It may be put into the next run."""
        with localcontext(EXACT):
            in_wallet = self.realized_pnl - self.fees + self.funding
            return max(ZERO, floor_to(Fraction(min(self.grid_profit, in_wallet) - settled), _CENT))

    @property
    def average_entry_price(self) -> Decimal | None:
        """Of the open position, in quote per base; None when flat."""
        if not self.position:
            return None
        with localcontext(PRECISE):
            return (self.bought_quote - self.sold_quote + self.realized_pnl) / self.position

    def _gross(self, mark: Decimal) -> Decimal:
        return self.sold_quote - self.bought_quote + self.position * mark

    def _with_fee(self, fee: Decimal, asset: str) -> "Ledger":
        if not fee or asset == SETTLEMENT_ASSET:
            return replace(self, fees=self.fees + fee)
        return replace(self, other_fees={**self.other_fees, asset: self.other_fees.get(asset, ZERO) + fee})


@dataclass(frozen=True, slots=True)
class CellLedger:
    """What a cell holds (base, in its opening direction), what opening it cost (brought in, for SELL) and its fees.

    The pool of inventory bought or sold at market is one too: its trades are opening fills, and every waiting cell is
    released its share.
    """

    held: Decimal = ZERO
    cost_quote: Decimal = ZERO
    open_fees: Decimal = ZERO

    def opening_fill(self, price: Decimal, quantity: Decimal, fee: Decimal) -> "CellLedger":
        """With one more opening trade: quote per base, base, and its fee in quote."""
        with localcontext(EXACT):
            return self.receive(CellLedger(quantity, price * quantity, fee))

    def receive(self, piece: "CellLedger") -> "CellLedger":
        """With a piece of another ledger added: inventory out of the pool."""
        with localcontext(EXACT):
            return CellLedger(
                self.held + piece.held, self.cost_quote + piece.cost_quote, self.open_fees + piece.open_fees
            )

    def release(self, quantity: Decimal) -> tuple["CellLedger", "CellLedger"]:
        """(what stays, a piece of `quantity` at average cost). Raises ImpossibleState beyond what is held."""
        if not 0 <= quantity <= self.held:
            raise ImpossibleState(f"{quantity} can't be taken from a cell that holds {self.held}")
        cost, fees = self._share(self.cost_quote, quantity), self._share(self.open_fees, quantity)
        with localcontext(EXACT):
            rest = CellLedger(self.held - quantity, self.cost_quote - cost, self.open_fees - fees)
        return rest, CellLedger(quantity, cost, fees)

    def close(self, side: Side, quantity: Decimal, quote: Decimal, fee: Decimal) -> tuple["CellLedger", Decimal]:
        """(what stays, grid profit) of a closing order of `side` whose trades moved `quote`.

        quantity * (sell - buy) - both fees at actual prices, where what was held counts at its average.
        """
        rest, closed = self.release(quantity)
        with localcontext(EXACT):
            gain = -side.sign * (quote - closed.cost_quote)
            return rest, gain - closed.open_fees - fee

    def _share(self, amount: Decimal, quantity: Decimal) -> Decimal:
        if quantity == self.held:
            return amount
        with localcontext(PRECISE):
            return (amount * quantity / self.held).quantize(_DIGITS, ROUND_DOWN)


def split_funding(
    amount: Decimal, positions: Mapping[Key, Decimal], per_base: Decimal | None = None
) -> dict[Key, Decimal]:
    """`amount` (quote, as it moved the wallet) over signed positions (base) at the funding time.

    `per_base` is what one base unit held long brought: - mark * rate. Without it the amount itself tells, which says
    nothing where long and short positions cancel out. The rounding remainder goes to the largest position; the shares
    sum to `amount`. Raises ImpossibleState where nothing is known that it could belong to.
    """
    if not positions:
        raise ImpossibleState(f"funding of {amount} without a position")
    with localcontext(PRECISE):
        net = sum(positions.values(), ZERO)
        each = per_base if per_base is not None else (amount / net if net else ZERO)
        shares = {key: (held * each).quantize(_DIGITS, ROUND_HALF_EVEN) for key, held in positions.items()}
    largest = max(positions, key=lambda key: abs(positions[key]))
    with localcontext(EXACT):
        shares[largest] += amount - sum(shares.values(), ZERO)
    return shares
