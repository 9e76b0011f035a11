"""What the simulated exchange lists: exchangeInfo's symbol objects, leverage brackets, and the prices it starts from.

Field names, the spelling of numbers ("0.10") and the gap between a precision field and its tick are the venue's own.
Brackets carry JSON numbers, as the venue sends them: read one exactly with `Decimal(str(number))`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

NEVER_DELIVERED_MS = 4_133_404_800_000  # the venue's delivery date of a perpetual contract

_ORDER_TYPES = ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"]
_TIME_IN_FORCE = ["GTC", "IOC", "FOK", "GTX", "GTD"]
_PERMISSIONS = ["GRID", "COPY", "DCA", "PSB"]


@dataclass(frozen=True, slots=True)
class _Contract:
    """One listing. Prices in quote, quantities in base, times in ms; `band` is PERCENT_PRICE around the mark."""

    symbol: str
    base: str
    start_price: str
    price_precision: int
    tick: str
    price_range: tuple[str, str]
    quantity_precision: int
    step: str
    max_quantity: str
    market_max_quantity: str
    min_notional: str
    onboarded_ms: int
    tiers: str = "alt"
    band: str = "0.15"
    contract_type: str = "PERPETUAL"
    status: str = "TRADING"
    delivered_ms: int = NEVER_DELIVERED_MS
    underlying: tuple[str, str] = ("COIN", "Crypto")


_CONTRACTS = (
    _Contract(
        "BTCUSDT", "BTC", "80000.00", 2, "0.10", ("556.80", "4529764"), 3, "0.001", "1000", "120", "50",
        1_567_965_300_000, tiers="btc", band="0.05",
    ),
    _Contract(
        "ETHUSDT", "ETH", "2500.00", 2, "0.01", ("39.86", "306177"), 3, "0.001", "10000", "2000", "20",
        1_567_965_300_000, tiers="eth", band="0.05",
    ),
    _Contract(
        "BNBUSDT", "BNB", "700.000", 3, "0.010", ("6.600", "100000"), 2, "0.01", "100000", "2000", "5",
        1_581_325_500_000, tiers="major", band="0.10",
    ),
    _Contract(
        "SOLUSDT", "SOL", "100.0000", 4, "0.0100", ("0.4200", "6857"), 2, "0.01", "1000000", "80000", "5",
        1_600_064_100_000, tiers="major", band="0.05",
    ),
    _Contract(
        "XRPUSDT", "XRP", "1.5000", 4, "0.0001", ("0.0143", "100000"), 1, "0.1", "10000000", "2000000", "5",
        1_578_294_000_000, tiers="major", band="0.10",
    ),
    _Contract(
        "DOGEUSDT", "DOGE", "0.120000", 6, "0.000010", ("0.002440", "30"), 0, "1", "50000000", "30000000", "5",
        1_594_365_300_000, tiers="major", band="0.10",
    ),
    _Contract(
        "AVAXUSDT", "AVAX", "6.5000", 4, "0.0010", ("0.2000", "9000"), 0, "1", "1000000", "150000", "5",
        1_600_760_700_000,
    ),
    _Contract(
        "ADAUSDT", "ADA", "0.30000", 5, "0.00010", ("0.01740", "100"), 0, "1", "2000000", "300000", "5",
        1_580_461_500_000,
    ),
    _Contract(
        "LINKUSDT", "LINK", "10.000", 3, "0.001", ("0.301", "100000"), 2, "0.01", "100000", "14000", "5",
        1_579_244_700_000,
    ),
    _Contract(
        "LTCUSDT", "LTC", "60.00", 2, "0.01", ("3.61", "100000"), 3, "0.001", "10000", "5000", "20",
        1_578_553_500_000,
    ),
    _Contract(
        "1000PEPEUSDT", "1000PEPE", "0.0050000", 7, "0.0000001", ("0.0001000", "200"), 0, "1", "1000000000", "90000000",
        "5", 1_683_270_000_000, underlying=("COIN", "Meme"),
    ),
    _Contract(
        "1000SHIBUSDT", "1000SHIB", "0.007000", 6, "0.000001", ("0.000086", "100"), 0, "1", "200000000", "80000000",
        "5", 1_620_630_900_000, underlying=("COIN", "Meme"),
    ),
    _Contract(
        "HOTUSDT", "HOT", "0.0004000", 8, "0.0000001", ("0.0000100", "1"), 1, "1", "500000000", "50000000", "5",
        1_610_426_700_000, tiers="small",
    ),
    _Contract(
        "BTCUSDT_261225", "BTC", "80400.0", 1, "0.1", ("576.3", "1000000"), 3, "0.001", "500", "50", "50",
        1_782_460_800_000, tiers="alt", band="0.05", contract_type="CURRENT_QUARTER", delivered_ms=1_798_185_600_000,
    ),
    _Contract(
        "XAUUSDT", "XAU", "4000.00", 2, "0.01", ("0.01", "200000"), 3, "0.001", "10000", "1000", "5",
        1_765_440_300_000, band="0.02", contract_type="TRADIFI_PERPETUAL", underlying=("COMMODITY", "TradFi"),
    ),
    _Contract(
        "MKRUSDT", "MKR", "1500.00", 2, "0.10", ("10.70", "100000"), 3, "0.001", "1000", "200", "5",
        1_591_690_500_000, tiers="small", status="SETTLING", delivered_ms=1_757_581_200_000,
    ),
)  # fmt: skip

# (largest leverage, notional cap in quote, maintenance rate) of each tier; the floor is the cap before it
_Tier = tuple[int, int, str]
_TIERS: dict[str, Sequence[_Tier]] = {
    "btc": (
        (150, 300_000, "0.004"), (100, 800_000, "0.005"), (75, 3_000_000, "0.0065"), (50, 12_000_000, "0.01"),
        (25, 70_000_000, "0.02"), (20, 100_000_000, "0.025"), (10, 230_000_000, "0.05"), (5, 480_000_000, "0.1"),
        (4, 600_000_000, "0.125"), (3, 800_000_000, "0.15"), (2, 1_200_000_000, "0.25"), (1, 1_800_000_000, "0.5"),
    ),
    "eth": (
        (150, 300_000, "0.004"), (100, 800_000, "0.005"), (75, 3_000_000, "0.0065"), (50, 12_000_000, "0.01"),
        (25, 50_000_000, "0.02"), (20, 65_000_000, "0.025"), (10, 150_000_000, "0.05"), (5, 320_000_000, "0.1"),
        (4, 400_000_000, "0.125"), (3, 530_000_000, "0.15"), (2, 800_000_000, "0.25"), (1, 1_200_000_000, "0.5"),
    ),
    "major": (
        (100, 50_000, "0.005"), (75, 500_000, "0.0065"), (50, 1_000_000, "0.01"), (25, 2_000_000, "0.02"),
        (20, 5_000_000, "0.025"), (10, 10_000_000, "0.05"), (5, 20_000_000, "0.1"), (4, 25_000_000, "0.125"),
        (2, 50_000_000, "0.25"), (1, 100_000_000, "0.5"),
    ),
    "alt": (
        (75, 10_000, "0.01"), (50, 80_000, "0.015"), (25, 400_000, "0.02"), (20, 800_000, "0.025"),
        (10, 4_000_000, "0.05"), (5, 8_000_000, "0.1"), (4, 10_000_000, "0.125"), (2, 20_000_000, "0.25"),
        (1, 30_000_000, "0.5"),
    ),
    "small": (
        (50, 5_000, "0.015"), (25, 50_000, "0.02"), (20, 80_000, "0.025"), (10, 400_000, "0.05"),
        (5, 800_000, "0.1"), (4, 1_000_000, "0.125"), (2, 2_000_000, "0.25"), (1, 3_000_000, "0.5"),
    ),
}  # fmt: skip


def _filters(contract: _Contract) -> list[dict[str, Any]]:
    lowest, highest = contract.price_range
    lot = {"minQty": contract.step, "stepSize": contract.step}
    band = Decimal(contract.band)
    return [
        {"filterType": "PRICE_FILTER", "minPrice": lowest, "maxPrice": highest, "tickSize": contract.tick},
        {"filterType": "LOT_SIZE", "maxQty": contract.max_quantity, **lot},
        {"filterType": "MARKET_LOT_SIZE", "maxQty": contract.market_max_quantity, **lot},
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MIN_NOTIONAL", "notional": contract.min_notional},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": f"{1 + band:.4f}",
            "multiplierDown": f"{1 - band:.4f}",
            "multiplierDecimal": "4",
        },
        {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
    ]


def _symbol_object(contract: _Contract) -> dict[str, Any]:
    underlying_type, underlying_sub_type = contract.underlying
    return {
        "symbol": contract.symbol,
        "pair": contract.symbol.partition("_")[0],
        "contractType": contract.contract_type,
        "deliveryDate": contract.delivered_ms,
        "onboardDate": contract.onboarded_ms,
        "status": contract.status,
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": contract.base,
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": contract.price_precision,
        "quantityPrecision": contract.quantity_precision,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": underlying_type,
        "underlyingSubType": [underlying_sub_type],
        "triggerProtect": f"{Decimal(contract.band):.4f}",
        "liquidationFee": "0.012500",
        "marketTakeBound": contract.band,
        "maxMoveOrderLimit": 10000,
        "filters": _filters(contract),
        "orderTypes": list(_ORDER_TYPES),
        "timeInForce": list(_TIME_IN_FORCE),
        "permissionSets": list(_PERMISSIONS),
    }


def _brackets(tiers: Sequence[_Tier]) -> list[dict[str, Any]]:
    """The venue's bracket rows. `cum` is what makes maintenance continuous where one tier meets the next."""
    rows: list[dict[str, Any]] = []
    floor, rate_before, cum = 0, Decimal(0), Decimal(0)
    for number, (leverage, cap, rate_text) in enumerate(tiers, start=1):
        rate = Decimal(rate_text)
        cum += floor * (rate - rate_before)
        rows.append(
            {
                "bracket": number,
                "initialLeverage": leverage,
                "notionalCap": cap,
                "notionalFloor": floor,
                "maintMarginRatio": float(rate),
                "cum": int(cum),
            }
        )
        floor, rate_before = cap, rate
    return rows


EXCHANGE_INFO_SYMBOLS: list[dict[str, Any]] = [_symbol_object(contract) for contract in _CONTRACTS]
# symbol -> the rows of its leverageBracket answer
BRACKETS: dict[str, list[dict[str, Any]]] = {
    contract.symbol: _brackets(_TIERS[contract.tiers]) for contract in _CONTRACTS
}
START_PRICES: dict[str, Decimal] = {contract.symbol: Decimal(contract.start_price) for contract in _CONTRACTS}
