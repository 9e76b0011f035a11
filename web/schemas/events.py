"""What event streams tell. Each kind says which strategy it is about."""

import marshmallow as ma

from core.domain.lifecycle import FinishReason, StrategyStatus
from web.fields import Integer, Milliseconds, Moment
from web.schemas.base import Schema
from web.schemas.trading import BareOrderSchema, FillSchema

_DECIMAL = {"format": "decimal"}


class OrderNewsSchema(BareOrderSchema):
    """`order`: an order is new, or further."""

    grid_id = Integer(attribute="strategy_id")
    exchange = ma.fields.String()
    symbol = ma.fields.String()


class FillNewsSchema(FillSchema):
    """`fill`: a trade at the venue has been booked."""

    grid_id = Integer(attribute="strategy_id")
    exchange = ma.fields.String()
    symbol = ma.fields.String()


class LoggedSchema(Schema):
    """A line of the event log: `status` where its level is INFO, else `warning`. `grid_id` is null for an account's."""

    id = Integer()
    grid_id = Integer(attribute="strategy_id", allow_none=True)
    status = ma.fields.Function(lambda event: event.data.get("status"), metadata={"type": "string", "nullable": True})
    level = ma.fields.String(metadata={"enum": ["INFO", "WARNING", "ALARM"]})
    code = ma.fields.String()
    message = ma.fields.String()
    data = ma.fields.Dict()
    created_at = Moment()


class StatusNewsSchema(Schema):
    """`status`: a strategy's status as it is now."""

    grid_id = Integer(attribute="id")
    exchange = ma.fields.String()
    symbol = ma.fields.String()
    status = ma.fields.String(metadata={"enum": [status.value for status in StrategyStatus]})
    finish_reason = ma.fields.String(allow_none=True, metadata={"enum": [reason.value for reason in FinishReason]})
    waiting_for = ma.fields.String()


class PriceNewsSchema(Schema):
    """`price`: the mark price, of a symbol with an active strategy."""

    exchange = ma.fields.String()
    symbol = ma.fields.String()
    mark_price = ma.fields.String(metadata=_DECIMAL)  # it is one already, as published
    index_price = ma.fields.String(metadata=_DECIMAL)
    funding_rate = ma.fields.String(metadata=_DECIMAL)
    at = Milliseconds()
