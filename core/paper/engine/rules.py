"""A symbol's trading rules as the venue publishes them, parsed once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.paper.engine.numbers import ONE, ZERO

DEFAULT_MAX_ORDERS = 200
_DEFAULT_BRACKETS: list[dict[str, Any]] = [
    {
        "bracket": 1,
        "initialLeverage": 20,
        "notionalCap": 1_000_000,
        "notionalFloor": 0,
        "maintMarginRatio": 0.025,
        "cum": 0,
    },
    {
        "bracket": 2,
        "initialLeverage": 5,
        "notionalCap": 10_000_000,
        "notionalFloor": 1_000_000,
        "maintMarginRatio": 0.1,
        "cum": 75_000,
    },
]


@dataclass(frozen=True, slots=True)
class Tier:
    """One leverage bracket; notional in quote, maintenance = notional * rate - cum."""

    floor: Decimal
    cap: Decimal
    leverage: int
    rate: Decimal
    cum: Decimal


@dataclass(frozen=True, slots=True)
class Lot:
    """Bounds of a quantity, base."""

    minimum: Decimal
    maximum: Decimal
    step: Decimal


@dataclass(frozen=True, slots=True)
class Rules:
    """`listing` is the exchangeInfo object, `bracket_rows` the leverageBracket rows. A price bound of 0 is none."""

    symbol: str
    listing: dict[str, Any]
    bracket_rows: list[dict[str, Any]]
    tiers: tuple[Tier, ...]
    tick: Decimal
    min_price: Decimal
    max_price: Decimal
    lot: Lot
    market_lot: Lot
    min_notional: Decimal
    max_orders: int
    percent_up: Decimal
    percent_down: Decimal
    price_precision: int
    quantity_precision: int

    @property
    def max_leverage(self) -> int:
        return self.tiers[0].leverage

    def tier_of(self, notional: Decimal) -> Tier:
        """The tier of a position of that notional (quote); the last one above every cap."""
        return next((tier for tier in self.tiers if notional <= tier.cap), self.tiers[-1])

    def max_notional(self, leverage: int) -> Decimal:
        """The largest position (quote) that the venue allows at that leverage."""
        return max(tier.cap for tier in self.tiers if tier.leverage >= leverage)


def parse(listing: Mapping[str, Any], bracket_rows: Sequence[Mapping[str, Any]] | None = None) -> Rules:
    """Raises KeyError or ValueError (InvalidOperation) where the listing is not an exchangeInfo symbol object."""
    filters = {one["filterType"]: one for one in listing["filters"]}
    rows = [dict(row) for row in bracket_rows or _DEFAULT_BRACKETS]
    price, percent = filters["PRICE_FILTER"], filters.get("PERCENT_PRICE", {})
    return Rules(
        symbol=listing["symbol"],
        listing=dict(listing),
        bracket_rows=rows,
        tiers=tuple(_tier(row) for row in rows),
        tick=Decimal(price["tickSize"]),
        min_price=Decimal(price["minPrice"]),
        max_price=Decimal(price["maxPrice"]),
        lot=_lot(filters["LOT_SIZE"]),
        market_lot=_lot(filters.get("MARKET_LOT_SIZE", filters["LOT_SIZE"])),
        min_notional=Decimal(filters.get("MIN_NOTIONAL", {}).get("notional", ZERO)),
        max_orders=int(filters.get("MAX_NUM_ORDERS", {}).get("limit", DEFAULT_MAX_ORDERS)),
        percent_up=Decimal(percent.get("multiplierUp", ONE * 1000)),
        percent_down=Decimal(percent.get("multiplierDown", ZERO)),
        price_precision=int(listing["pricePrecision"]),
        quantity_precision=int(listing["quantityPrecision"]),
    )


def _tier(row: Mapping[str, Any]) -> Tier:
    return Tier(
        floor=Decimal(str(row["notionalFloor"])),
        cap=Decimal(str(row["notionalCap"])),
        leverage=int(row["initialLeverage"]),
        rate=Decimal(str(row["maintMarginRatio"])),
        cum=Decimal(str(row["cum"])),
    )


def _lot(one: Mapping[str, Any]) -> Lot:
    return Lot(Decimal(one["minQty"]), Decimal(one["maxQty"]), Decimal(one["stepSize"]))
