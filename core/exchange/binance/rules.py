"""exchangeInfo to trading rules. Tick and step come from the filters: the precision fields say something else."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import structlog

from core.clock import from_ms, now
from core.domain.symbol_rules import Bracket, SymbolRules
from core.exchange.binance.numbers import decimal_of
from core.exchange.binance.parse import Row

log = structlog.get_logger()

# Until an account's key has fetched the symbol's own table: cautious, and good for any size.
DEFAULT_BRACKETS = (
    Bracket(
        notional_floor=Decimal(0),
        notional_cap=Decimal(10**12),
        max_leverage=20,
        maintenance_rate=Decimal("0.025"),
        cum=Decimal(0),
    ),
)
DEFAULT_MAKER_FEE = Decimal("0.0002")
DEFAULT_TAKER_FEE = Decimal("0.0005")
_UNLIMITED = Decimal(10**12)
_MAX_NUM_ORDERS = 200
_NEVER = 4_133_404_800_000  # ms: the delivery date of every perpetual
_ENDING = frozenset({"PRE_DELIVERING", "DELIVERING", "DELIVERED", "PRE_SETTLE", "SETTLING", "CLOSE"})


def weight_limit(content: Any) -> int | None:
    """Request weight that an address may spend a minute."""
    for limit in content.get("rateLimits", ()):
        if (limit["rateLimitType"], limit["interval"], limit["intervalNum"]) == ("REQUEST_WEIGHT", "MINUTE", 1):
            return int(limit["limit"])
    return None


def symbol_rules(content: Any) -> dict[str, SymbolRules]:
    """By symbol. One that cannot be read is left out: it must not take the others along."""
    rules: dict[str, SymbolRules] = {}
    for row in content["symbols"]:
        try:
            rules[row["symbol"]] = _rules(row)
        except (LookupError, TypeError, ValueError) as error:
            log.warning("rules not usable", symbol=row.get("symbol"), error=repr(error))
    return rules


def _rules(row: Row) -> SymbolRules:
    filters = {entry["filterType"]: entry for entry in row["filters"]}
    price, lot = filters["PRICE_FILTER"], filters["LOT_SIZE"]
    market = filters.get("MARKET_LOT_SIZE", lot)
    band = filters.get("PERCENT_PRICE", {})
    step = decimal_of(lot["stepSize"]) or _unit(row["quantityPrecision"])
    return SymbolRules(
        symbol=row["symbol"],
        price_precision=row["pricePrecision"],
        quantity_precision=row["quantityPrecision"],
        tick_size=decimal_of(price["tickSize"]) or _unit(row["pricePrecision"]),
        min_price=decimal_of(price["minPrice"]),
        max_price=decimal_of(price["maxPrice"]) or _UNLIMITED,
        step_size=step,
        min_quantity=decimal_of(lot["minQty"]),
        max_quantity=decimal_of(lot["maxQty"]) or _UNLIMITED,
        market_step_size=decimal_of(market["stepSize"]) or step,
        market_min_quantity=decimal_of(market["minQty"]),
        market_max_quantity=decimal_of(market["maxQty"]) or _UNLIMITED,
        min_notional=decimal_of(filters.get("MIN_NOTIONAL", {}).get("notional", "0")),
        max_num_orders=int(filters.get("MAX_NUM_ORDERS", {}).get("limit", _MAX_NUM_ORDERS)),
        percent_price_up=decimal_of(band.get("multiplierUp", "0")) or _UNLIMITED,
        percent_price_down=decimal_of(band.get("multiplierDown", "0")),
        brackets=DEFAULT_BRACKETS,
        maker_fee=DEFAULT_MAKER_FEE,
        taker_fee=DEFAULT_TAKER_FEE,
        contract_value=Decimal(1),
        tradable=_is_tradable(row),
        delists_at=_delists_at(row),
    )


def _delists_at(row: Row) -> datetime | None:
    """A perpetual has a delivery date far away; a nearer one announces its delisting."""
    announced = int(row.get("deliveryDate") or _NEVER)
    if row["status"] in _ENDING:
        return min(now(), from_ms(announced))
    return None if announced >= _NEVER else from_ms(announced)


def _is_tradable(row: Row) -> bool:
    """Perpetuals in USDT only: delivery contracts end, and stock contracts keep hours and need an agreement."""
    return (row["contractType"], row["status"], row["quoteAsset"], row["marginAsset"]) == (
        "PERPETUAL",
        "TRADING",
        "USDT",
        "USDT",
    )


def _unit(precision: int) -> Decimal:
    """What a filter of zero (switched off) leaves: the last digit."""
    return Decimal(1).scaleb(-precision)
