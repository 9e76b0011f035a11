"""Orders and fills."""

from typing import Any

import marshmallow as ma

from core.domain.order import OrderStatus, Purpose, Side
from core.strategies.reading import OrderView
from web.fields import Decimal, Flag, Integer, Moment
from web.schemas.base import PageQuery, Schema

_SIDES = [side.value for side in Side]


class BareOrderSchema(Schema):
    """`price` is null for market orders; `order_id` is the venue's."""

    id = Integer()
    grid_index = Integer(allow_none=True)
    cell_index = Integer(allow_none=True)
    price = Decimal(allow_none=True)
    quantity = Decimal()
    filled_quantity = Decimal()
    average_price = Decimal(places=18, allow_none=True)
    side = ma.fields.String(metadata={"enum": _SIDES})
    order_id = ma.fields.String(allow_none=True)
    client_order_id = ma.fields.String()
    status = ma.fields.String(metadata={"enum": [status.value for status in OrderStatus]})
    purpose = ma.fields.String(metadata={"enum": [purpose.value for purpose in Purpose]})
    created_at = Moment()
    filled_at = Moment(allow_none=True)
    profit = Decimal(allow_none=True)
    fee = Decimal()


class OrderSchema(BareOrderSchema):
    """`slow`: it has waited far longer than its neighbours' orders did, which took `typical_fill_s` (seconds)."""

    slow = ma.fields.Function(lambda view: view.slow is not None, metadata={"type": "boolean"})
    typical_fill_s = ma.fields.Function(
        lambda view: None if view.slow is None else round(view.slow.typical_s),
        metadata={"type": "integer", "nullable": True},
    )

    def get_attribute(self, obj: OrderView, attr: str, default: Any) -> Any:
        return super().get_attribute(obj.row, attr, default)


class OrdersQuery(PageQuery):
    status = ma.fields.String(validate=ma.validate.OneOf([status.value for status in OrderStatus]))
    side = ma.fields.String(validate=ma.validate.OneOf(_SIDES))


class FillSchema(Schema):
    """One trade at the venue; `order_id` and `trade_id` are the venue's, `fee` is positive when paid."""

    id = Integer()
    order_id = ma.fields.String()
    trade_id = ma.fields.String()
    grid_index = Integer(allow_none=True)
    cell_index = Integer(allow_none=True)
    side = ma.fields.String(metadata={"enum": _SIDES})
    price = Decimal()
    quantity = Decimal()
    fee = Decimal()
    fee_asset = ma.fields.String()
    realized_pnl = Decimal()
    is_maker = Flag()
    traded_at = Moment()
