"""Prices now, and candles."""

from dataclasses import asdict
from typing import Any

from core.clock import now_ms, to_ms
from core.markets import candles_of, market_of
from web.blueprint import Blueprint
from web.schemas.market import CandleSchema, CandlesQuery, MarketSchema

blp = Blueprint("market", __name__, url_prefix="/api/v1/market", description="Prices and candles")


@blp.route("/<exchange:exchange>/<symbol>", methods=["GET"])
@blp.response(200, MarketSchema)
def market(exchange: str, symbol: str) -> dict[str, Any]:
    """Last and mark price, funding, and the range of 24 hours"""
    view = market_of(exchange, symbol)
    return {**asdict(view), "age_ms": max(0, now_ms() - view.at)}


@blp.route("/<exchange:exchange>/<symbol>/candles", methods=["GET"])
@blp.arguments(CandlesQuery, location="query")
@blp.response(200, CandleSchema(many=True))
def candles(query: dict[str, Any], exchange: str, symbol: str) -> list[Any]:
    """Candles, oldest first"""
    start, end = (None if query[name] is None else to_ms(query[name]) for name in ("start", "end"))
    return candles_of(exchange, symbol, query["interval"], start=start, end=end, limit=query["limit"])
