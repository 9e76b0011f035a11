"""The plan of an update or a reset."""

import marshmallow as ma

from core.domain.order import Side
from web.fields import Decimal, Integer
from web.schemas.base import Schema
from web.schemas.preview import WarningSchema


class DryRunQuery(Schema):
    dry_run = ma.fields.Boolean(load_default=False, metadata={"description": "Only tell what would be done"})


class PlannedOrderSchema(Schema):
    """`quantity` is what has not been filled of it. A new order has no `client_order_id` yet."""

    cell_index = Integer(allow_none=True)
    side = ma.fields.String(metadata={"enum": [side.value for side in Side]})
    price = Decimal()
    quantity = Decimal()
    client_order_id = ma.fields.String(allow_none=True)


class FactsSchema(Schema):
    """In quote; a liquidation price is null where there is none."""

    lower_price = Decimal()
    upper_price = Decimal()
    grid_number = Integer()
    margin = Decimal()
    liquidation_lower = Decimal(allow_none=True)
    liquidation_upper = Decimal(allow_none=True)
    maximum_loss = Decimal()


class ProposalSchema(Schema):
    """What a change makes of a grid. `kept` orders are not touched; `inventory_quantity` (base) is bought or sold at
    market, for about `fees` (quote). `before` is null where no grid runs."""

    untouched = Integer(metadata={"description": "How many orders stay as they are at the exchange"})
    kept = ma.fields.List(ma.fields.Nested(PlannedOrderSchema))
    cancelled = ma.fields.List(ma.fields.Nested(PlannedOrderSchema))
    new = ma.fields.List(ma.fields.Nested(PlannedOrderSchema))
    inventory_side = ma.fields.String(allow_none=True, metadata={"enum": [side.value for side in Side]})
    inventory_quantity = Decimal()
    closed_quantity = Decimal(metadata={"description": "The position (signed) that a reset closes at market before"})
    fees = Decimal()
    before = ma.fields.Nested(FactsSchema, allow_none=True)
    after = ma.fields.Nested(FactsSchema)
    warnings = ma.fields.List(ma.fields.Nested(WarningSchema))


class UpdatePlanSchema(ProposalSchema):
    """`task_id` is null in a dry run."""

    grid_id = Integer()
    status = ma.fields.String()
    task_id = ma.fields.String(allow_none=True)
