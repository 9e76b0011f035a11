"""Answers as the venue's documentation and recordings show them."""

from typing import Any

ORDER: dict[str, Any] = {
    "avgPrice": "0.00000",
    "clientOrderId": "abc",
    "cumQuote": "0",
    "executedQty": "0",
    "orderId": 33878894217,
    "origQty": "0.40",
    "origType": "LIMIT",
    "price": "50000.10",
    "reduceOnly": False,
    "side": "BUY",
    "positionSide": "BOTH",
    "status": "NEW",
    "stopPrice": "0",
    "closePosition": False,
    "symbol": "BTCUSDT",
    "time": 1579276756075,
    "timeInForce": "GTC",
    "type": "LIMIT",
    "updateTime": 1579276756080,
    "workingType": "CONTRACT_PRICE",
    "priceProtect": False,
}

TRADE: dict[str, Any] = {
    "buyer": False,
    "commission": "-0.07819010",
    "commissionAsset": "USDT",
    "id": 698759,
    "maker": False,
    "orderId": 25851813,
    "price": "7819.01",
    "qty": "0.002",
    "quoteQty": "15.63802",
    "realizedPnl": "-0.91539999",
    "side": "SELL",
    "positionSide": "BOTH",
    "symbol": "BTCUSDT",
    "time": 1569514978020,
}

ALGO_UPDATE: dict[str, Any] = {
    "e": "ALGO_UPDATE",
    "E": 1750515742303,
    "T": 1750515742302,
    "o": {
        **{"caid": "grid-8", "aid": 4000000000000001, "at": "CONDITIONAL", "o": "STOP_MARKET", "s": "BTCUSDT"},
        **{"S": "SELL", "ps": "BOTH", "f": "GTC", "q": "0.01", "X": "NEW", "ai": "", "tp": "750", "p": "0"},
        **{"V": "EXPIRE_MAKER", "wt": "MARK_PRICE", "pm": "NONE", "cp": False, "pP": False, "R": True, "tt": 0},
        **{"gtd": 0, "rm": "ReduceOnly Order is rejected."},
    },
}

ORDER_TRADE_UPDATE: dict[str, Any] = {
    "e": "ORDER_TRADE_UPDATE",
    "E": 1568879465651,
    "T": 1568879465650,
    "o": {
        **{"s": "BTCUSDT", "c": "grid-7", "S": "SELL", "o": "LIMIT", "f": "GTC", "q": "0.010", "p": "9910.0"},
        **{"ap": "9910.0", "sp": "0", "x": "TRADE", "X": "PARTIALLY_FILLED", "i": 8886774, "l": "0.004"},
        **{"z": "0.006", "L": "9910.00", "N": "USDT", "n": "0.00792800", "T": 1568879465650, "t": 31415},
        **{"b": "0", "a": "9.91", "m": True, "R": False, "wt": "CONTRACT_PRICE", "ot": "LIMIT", "ps": "BOTH"},
        **{"cp": False, "pP": False, "si": 0, "ss": 0, "rp": "0.12340000", "V": "EXPIRE_MAKER", "pm": "NONE"},
        **{"gtd": 0, "er": "0"},
    },
}


def order_update(**changes: Any) -> dict[str, Any]:
    """An ORDER_TRADE_UPDATE whose order differs from the sample."""
    return {**ORDER_TRADE_UPDATE, "o": {**ORDER_TRADE_UPDATE["o"], **changes}}


SYMBOL: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "pair": "BTCUSDT",
    "contractType": "PERPETUAL",
    "deliveryDate": 4133404800000,
    "status": "TRADING",
    "maintMarginPercent": "2.5000",
    "requiredMarginPercent": "5.0000",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "pricePrecision": 2,
    "quantityPrecision": 3,
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "556.80", "maxPrice": "4529764", "tickSize": "0.10"},
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MIN_NOTIONAL", "notional": "50"},
        {"filterType": "PERCENT_PRICE", "multiplierUp": "1.0500", "multiplierDown": "0.9500", "multiplierDecimal": "4"},
        {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
    ],
}

BRACKETS: list[dict[str, Any]] = [
    {
        "symbol": "ETHUSDT",
        "notionalCoef": "1.50",
        "brackets": [
            {
                **{"bracket": 2, "initialLeverage": 50, "notionalCap": 500000, "notionalFloor": 50000},
                **{"maintMarginRatio": "0.01", "cum": "175.0"},
            },
            {
                **{"bracket": 1, "initialLeverage": 75, "notionalCap": 50000, "notionalFloor": 0},
                **{"maintMarginRatio": "0.0065", "cum": "0.0"},
            },
        ],
    }
]

POSITION: dict[str, Any] = {
    "symbol": "ADAUSDT",
    "positionSide": "BOTH",
    "positionAmt": "-30",
    "entryPrice": "0.385",
    "breakEvenPrice": "0.385077",
    "markPrice": "0.41047590",
    "unRealizedProfit": "-0.76427700",
    "liquidationPrice": "0",
    "isolatedMargin": "0",
    "notional": "-12.31427700",
    "marginAsset": "USDT",
    "isolatedWallet": "0",
    "initialMargin": "0.61571385",
    "maintMargin": "0.08004280",
    "positionInitialMargin": "0.61571385",
    "openOrderInitialMargin": "0",
    "updateTime": 1720736417660,
}

MARK: dict[str, Any] = {
    "e": "markPriceUpdate",
    "E": 1562305380000,
    "s": "BTCUSDT",
    "p": "11794.15000000",
    "ap": "11794.2",
    "i": "11784.62659091",
    "P": "11784.25641265",
    "r": "0.00038167",
    "T": 1562306400000,
    "st": 1,
}
