"""State that is kept but is no answer: accounts, holdings, markets and candles as JSON, and back."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from core.paper.engine.accounts import Account, Holding
from core.paper.engine.candles import Candle
from core.paper.engine.exchange import Funding
from core.paper.engine.market import Market
from core.paper.engine.numbers import money, plain

Json = dict[str, Any]


def account(one: Account) -> Json:
    return {
        "id": one.id,
        "api_key": one.api_key,
        "secret": one.secret,
        "public_key": one.public_key,
        "created": one.created,
        "wallet": plain(one.wallet),
        "hedge_mode": one.hedge_mode,
        "multi_assets": one.multi_assets,
        "listen_key": one.listen_key,
        "listen_key_until": one.listen_key_until,
    }


def account_from(doc: Mapping[str, Any]) -> Account:
    return Account(**{**doc, "wallet": Decimal(doc["wallet"])})


_HOLDING_AMOUNTS = ("quantity", "cost", "isolated_wallet", "realized")


def holding(one: Holding) -> Json:
    return {
        "leverage": one.leverage,
        "isolated": one.isolated,
        "updated": one.updated,
        **{name: plain(getattr(one, name)) for name in _HOLDING_AMOUNTS},
    }


def holding_from(symbol: str, doc: Mapping[str, Any]) -> Holding:
    one = Holding(symbol, doc["leverage"], doc["isolated"], updated=doc["updated"])
    for name in _HOLDING_AMOUNTS:
        setattr(one, name, Decimal(doc[name]))
    return one


def market(one: Market) -> Json:
    return {
        "price": plain(one.price),
        "moved": one.moved,
        "next_funding": one.next_funding,
        "funding_rate": plain(one.funding_rate),
        "halted": one.halted,
        "last_trade_id": one.last_trade_id,
        "update_id": one.update_id,
        "candle": candle(one.candle) if one.candle else None,
    }


def restore_market(one: Market, doc: Mapping[str, Any]) -> None:
    one.price = Decimal(doc["price"])
    one.moved = doc["moved"]
    one.next_funding = doc["next_funding"]
    one.funding_rate = Decimal(doc["funding_rate"])
    one.halted = doc["halted"]
    one.last_trade_id = doc["last_trade_id"]
    one.update_id = doc["update_id"]
    one.candle = candle_from(doc["candle"]) if doc["candle"] else None


def candle(one: Candle) -> list[Any]:
    prices = (one.open, one.high, one.low, one.close, one.volume, one.turnover)
    return [one.opened, *(plain(price) for price in prices), one.trades]


def candle_from(doc: list[Any]) -> Candle:
    opened, first, high, low, close, volume, turnover, trades = doc
    prices = (Decimal(first), Decimal(high), Decimal(low), Decimal(close))
    return Candle(opened, *prices, Decimal(volume), Decimal(turnover), trades)


def funding(one: Funding) -> Json:
    return {
        "symbol": one.symbol,
        "fundingRate": money(one.rate),
        "fundingTime": one.time,
        "markPrice": plain(one.mark),
        "rateType": "Regular",
    }
