"""What a preview tells."""

import marshmallow as ma

from web.fields import Decimal, Flag, Integer
from web.schemas.base import Schema


class PlannedCellSchema(Schema):
    """A cell between two lines; `opening_price` is where its exposure opens."""

    cell_index = Integer()
    lower = Decimal()
    upper = Decimal()
    quantity = Decimal()
    opening_side = ma.fields.String()
    first_side = ma.fields.String()
    needs_inventory = Flag()
    opening_price = Decimal()


class RangeSchema(Schema):
    """Both ends allowed; no maximum is null. A minimum above the maximum: nothing fits."""

    minimum = Decimal()
    maximum = Decimal(allow_none=True)
    step = Decimal()


class WarningSchema(Schema):
    """`data`: the numbers in the message, decimals as strings."""

    code = ma.fields.String()
    message = ma.fields.String()
    data = ma.fields.Function(lambda warning: {name: str(value) for name, value in warning.data.items()})


class PreviewSchema(Schema):
    """The grid as it would start now. Profits in percent per round trip after both fees, the rest in quote or base."""

    symbol = ma.fields.String(attribute="settled.symbol")
    entry_price = Decimal()
    lower_price = Decimal(attribute="settled.lower_price")
    upper_price = Decimal(attribute="settled.upper_price")
    grid_number = Integer(attribute="settled.grid_number")
    lines = ma.fields.List(Decimal(), attribute="review.plan.lines")
    cells = ma.fields.List(ma.fields.Nested(PlannedCellSchema), attribute="review.plan.cells")
    budget = Decimal(attribute="review.plan.budget")
    per_grid_amount = Decimal(attribute="review.plan.per_grid_amount", allow_none=True)
    inventory_side = ma.fields.String(attribute="review.plan.inventory_side", allow_none=True)
    inventory_quantity = Decimal(attribute="review.plan.inventory_quantity")
    margin_required = Decimal(attribute="review.margin_required")
    net_profit_min_pct = Decimal(attribute="review.net_profit_min_pct")
    net_profit_max_pct = Decimal(attribute="review.net_profit_max_pct")
    liquidation_lower = Decimal(attribute="review.liquidation_lower", allow_none=True)
    liquidation_upper = Decimal(attribute="review.liquidation_upper", allow_none=True)
    maximum_loss = Decimal(attribute="review.maximum_loss")
    warnings = ma.fields.List(ma.fields.Nested(WarningSchema), attribute="review.warnings")
    ranges = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Nested(RangeSchema), attribute="review.ranges")
    rules_stale = Flag(attribute="rules.stale")
