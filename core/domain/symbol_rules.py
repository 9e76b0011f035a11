"""A symbol's trading rules, and rounding to its tick and step."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from core.domain.exact import ceil_to, nearest_to


@dataclass(frozen=True, slots=True)
class Bracket:
    """One tier of the venue's leverage table. Notional in quote; maintenance = notional * rate - cum."""

    notional_floor: Decimal
    notional_cap: Decimal
    max_leverage: int
    maintenance_rate: Decimal
    cum: Decimal


@dataclass(frozen=True, slots=True)
class SymbolRules:
    """Prices in quote per base, quantities in base, notionals in quote, fees as fractions (0.0002 is 0.02 %).

    Tick and step come from the venue's filters, never from the precision fields. `percent_price_up` and
    `percent_price_down` bound a BUY's price above and a SELL's below, as multiples of the mark price.
    """

    symbol: str
    price_precision: int
    quantity_precision: int
    tick_size: Decimal
    min_price: Decimal
    max_price: Decimal
    step_size: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    market_step_size: Decimal
    market_min_quantity: Decimal
    market_max_quantity: Decimal
    min_notional: Decimal
    max_num_orders: int
    percent_price_up: Decimal
    percent_price_down: Decimal
    brackets: tuple[Bracket, ...]
    maker_fee: Decimal
    taker_fee: Decimal
    contract_value: Decimal
    tradable: bool
    delists_at: datetime | None = None  # when the venue settles it: announced, or already begun

    @property
    def max_leverage(self) -> int:
        return max(bracket.max_leverage for bracket in self.brackets)

    def round_price(self, price: Decimal) -> Decimal:
        """The nearest tick, half up."""
        return nearest_to(Fraction(price), self.tick_size)

    def is_orderable(self, quantity: Decimal, price: Decimal) -> bool:
        """Whether a LIMIT order of this size passes the minimums."""
        return quantity >= self.min_quantity and quantity * price >= self.min_notional

    def smallest_quantity(self, price: Decimal) -> Decimal:
        """The smallest quantity (base) that is orderable at `price`."""
        by_notional = Fraction(self.min_notional) / Fraction(price)
        return ceil_to(max(Fraction(self.min_quantity), by_notional), self.step_size)
