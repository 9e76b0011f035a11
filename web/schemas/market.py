"""Prices and candles."""

import marshmallow as ma

from core.markets import INTERVALS
from web.fields import Decimal, Integer, Milliseconds, Moment, QueryInteger
from web.schemas.base import Schema


class MarketSchema(Schema):
    """Prices in quote; the rate is a fraction."""

    symbol = ma.fields.String()
    last_price = Decimal()
    mark_price = Decimal()
    index_price = Decimal()
    funding_rate = Decimal()
    next_funding_at = Milliseconds()
    high_24h = Decimal()
    low_24h = Decimal()
    at = Milliseconds()
    age_ms = Integer(metadata={"description": "How old the mark price is"})


class CandlesQuery(Schema):
    interval = ma.fields.String(load_default="1m", validate=ma.validate.OneOf(INTERVALS))
    start = Moment(data_key="from", load_default=None)
    end = Moment(data_key="to", load_default=None)
    limit = QueryInteger(load_default=500, validate=ma.validate.Range(min=1, max=1500))

    @ma.validates_schema
    def in_order(self, data: dict[str, object], **_kwargs: object) -> None:
        check_span(data)


class CandleSchema(Schema):
    """Prices in quote, volume in base."""

    open_time = Milliseconds()
    open = Decimal()
    high = Decimal()
    low = Decimal()
    close = Decimal()
    volume = Decimal()
    close_time = Milliseconds()


def check_span(data: dict[str, object]) -> None:
    start, end = data.get("start"), data.get("end")
    if start is not None and end is not None and start > end:  # type: ignore[operator]
        raise ma.ValidationError({"to": ["Must not be before from."]})
