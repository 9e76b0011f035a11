"""How accounts are connected."""

import marshmallow as ma

from web.fields import Integer, Moment
from web.schemas.base import Schema


class ConnectionSchema(Schema):
    exchange_key_id = Integer(attribute="account.id")
    exchange = ma.fields.String(attribute="account.exchange")
    label = ma.fields.String(attribute="account.label")
    key_status = ma.fields.String(attribute="account.status")
    listener = ma.fields.String(metadata={"enum": ["UP", "DOWN", "NOT_NEEDED"]})
    stream_connected_at = Moment(allow_none=True)
    stream_age_ms = Integer(allow_none=True)
    trading_answered_at = Moment(allow_none=True)
    reconciled_at = Moment(attribute="account.reconciled_at", allow_none=True)
