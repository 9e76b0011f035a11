"""What a strategy is made from, and what it looks like."""

from typing import Any

import marshmallow as ma

from core.domain.lifecycle import FinishReason, StrategyStatus
from core.domain.order import OrderStatus, Side
from core.domain.parameters import GridType, MarginType, Sizing, StrategyType
from core.strategies.reading import SORTS, StrategyView
from web.fields import Decimal, Flag, Integer, Moment, Text
from web.schemas.base import PageQuery, Schema
from web.schemas.connections import ConnectionSchema

SYMBOL = ma.validate.Regexp(r"^\w{1,40}\Z", error="Must be a symbol, such as BTCUSDT.")
_COUNTS = ("grid_number", "grid_spacing", "grid_spacing_pct")
_RANGE = ("lower_price", "upper_price")

PROFIT_COLLECTION = (
    "Set grid profit aside; else a reset that leaves total_investment as it is adds to it what has been earned"
)


def enum(kind: type[Any], **options: Any) -> ma.fields.Enum[Any]:
    return ma.fields.Enum(kind, by_value=ma.fields.String, **options)


class ParametersSchema(Schema):
    """All of them optional: what is missing stays as it is, and null takes an optional parameter away."""

    symbol = ma.fields.String(validate=SYMBOL)
    grid_type = enum(GridType)
    strategy_type = enum(StrategyType)
    upper_price = Decimal()
    lower_price = Decimal()
    grid_number = Integer()
    grid_spacing = Decimal(allow_none=True)
    grid_spacing_pct = Decimal(allow_none=True)
    lines = ma.fields.List(Decimal(), allow_none=True, validate=ma.validate.Length(max=201))
    total_investment = Decimal()
    leverage = Integer()
    stop_loss = Decimal(allow_none=True)
    take_profit = Decimal(allow_none=True)
    stop_loss_pct = Decimal(allow_none=True)
    take_profit_pct = Decimal(allow_none=True)
    trigger_price = Decimal(allow_none=True)
    cell_loss_limit = Decimal(allow_none=True)
    close_position_on_stop = Flag()
    sizing = enum(Sizing)
    margin_type = enum(MarginType)
    profit_collection = Flag(metadata={"description": PROFIT_COLLECTION})
    trailing_up = Decimal(allow_none=True)
    trailing_down = Decimal(allow_none=True)
    adaptive = Flag()
    nudge = Flag(metadata={"description": "Move the range by itself where orders are slow and that pays for its fees"})
    name = Text(most=64)

    @ma.validates_schema
    def one_count(self, data: dict[str, Any], **_kwargs: Any) -> None:
        given = [name for name in _COUNTS if data.get(name) is not None]
        if len(given) > 1:
            text = "Give one of grid_number, grid_spacing and grid_spacing_pct."
            raise ma.ValidationError({name: [text] for name in given})

    @ma.post_load
    def with_tuples(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return data if data.get("lines") is None else {**data, "lines": tuple(data["lines"])}


class NewStrategySchema(ParametersSchema):
    """`lines` for CUSTOM; for the others a range and one of grid_number, grid_spacing and grid_spacing_pct."""

    symbol = ma.fields.String(required=True, validate=SYMBOL)
    grid_type = enum(GridType, required=True)
    total_investment = Decimal(required=True)

    @ma.validates_schema
    def complete(self, data: dict[str, Any], **_kwargs: Any) -> None:
        custom = data.get("grid_type") is GridType.CUSTOM
        missing = [name for name in (("lines",) if custom else _RANGE) if data.get(name) is None]
        if not custom and all(data.get(name) is None for name in _COUNTS):
            missing.append("grid_number")
        if missing:
            raise ma.ValidationError({name: ["Missing data for required field."] for name in missing})

    @ma.validates_schema
    def lines_are_the_range(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if data.get("grid_type") is not GridType.CUSTOM or not data.get("lines"):
            return
        lines = data["lines"]
        expected = {"lower_price": lines[0], "upper_price": lines[-1], "grid_number": len(lines) - 1}
        wrong = [name for name, value in expected.items() if data.get(name) not in (None, value)]
        if wrong:
            raise ma.ValidationError({name: ["For CUSTOM it follows from lines: leave it out."] for name in wrong})


class GapSchema(Schema):
    cell = Integer()
    reason = ma.fields.String()
    next_try = Moment(allow_none=True)


class ProtectionSchema(Schema):
    """A conditional order at the exchange, on the mark price. With `close_position` it closes all there is then."""

    side = ma.fields.String(metadata={"enum": [side.value for side in Side]})
    trigger_price = Decimal()
    quantity = Decimal()
    close_position = Flag()
    status = ma.fields.String(metadata={"enum": [status.value for status in OrderStatus]})
    client_order_id = ma.fields.String()
    reason = ma.fields.String(attribute="last_error", metadata={"description": "Why it is not placed, in words"})


class StrategySchema(Schema):
    """Parameters, state, and how whole the grid is."""

    id = Integer()
    exchange = ma.fields.String()
    market_type = ma.fields.String()
    name = ma.fields.String()
    symbol = ma.fields.String()
    grid_type = ma.fields.String(metadata={"enum": [kind.value for kind in GridType]})
    strategy_type = ma.fields.String(metadata={"enum": [kind.value for kind in StrategyType]})
    upper_price = Decimal()
    lower_price = Decimal()
    grid_number = Integer()
    grid_spacing = Decimal(allow_none=True)
    grid_spacing_pct = Decimal(allow_none=True)
    lines = ma.fields.List(ma.fields.String(), allow_none=True)
    total_investment = Decimal()
    leverage = Integer()
    stop_loss = Decimal(allow_none=True)
    take_profit = Decimal(allow_none=True)
    stop_loss_pct = Decimal(allow_none=True)
    take_profit_pct = Decimal(allow_none=True)
    trigger_price = Decimal(allow_none=True)
    cell_loss_limit = Decimal(allow_none=True)
    close_position_on_stop = Flag()
    sizing = ma.fields.String(metadata={"enum": [kind.value for kind in Sizing]})
    margin_type = ma.fields.String(metadata={"enum": [kind.value for kind in MarginType]})
    profit_collection = Flag()
    trailing_up = Decimal(allow_none=True)
    trailing_down = Decimal(allow_none=True)
    adaptive = Flag()
    nudge = Flag()
    status = ma.fields.String(metadata={"enum": [status.value for status in StrategyStatus]})
    finish_reason = ma.fields.String(allow_none=True, metadata={"enum": [reason.value for reason in FinishReason]})
    waiting_for = ma.fields.String(metadata={"description": "Why a start or stop is not further, in words"})
    per_grid_amount = Decimal(allow_none=True)
    budget = Decimal(allow_none=True)
    entry_price = Decimal(allow_none=True)
    symbol_price_precision = Integer(allow_none=True)
    symbol_qty_precision = Integer(allow_none=True)
    symbol_min_qty = Decimal(allow_none=True)
    symbol_min_notional = Decimal(allow_none=True)
    symbol_max_leverage = Integer(allow_none=True)
    live_levels = Integer(attribute="levels.live_levels")
    intended_levels = Integer(attribute="levels.intended_levels")
    level_gaps = ma.fields.List(ma.fields.Nested(GapSchema), attribute="levels.level_gaps")
    protection = ma.fields.List(ma.fields.Nested(ProtectionSchema))
    created_at = Moment()
    updated_at = Moment()
    started_at = Moment(allow_none=True)
    stopped_at = Moment(allow_none=True)

    def get_attribute(self, obj: StrategyView, attr: str, default: Any) -> Any:
        """A view's own facts, or else its row's columns."""
        source: Any = obj if hasattr(obj, attr.partition(".")[0]) else obj.row
        return super().get_attribute(source, attr, default)


class PnlSchema(Schema):
    """In quote; null where the mark price is needed and not known."""

    grid_profit = Decimal()
    round_trips = Integer()
    realized_pnl = Decimal()
    unrealized_pnl = Decimal(allow_none=True)
    fees = Decimal()
    funding = Decimal()
    total_pnl = Decimal(allow_none=True)
    mark_price = Decimal(allow_none=True)
    position = Decimal()


class StrategyQuery(PageQuery):
    status = ma.fields.String(validate=ma.validate.OneOf([status.value for status in StrategyStatus]))
    symbol = ma.fields.String(validate=SYMBOL)
    sort = ma.fields.String(load_default="created_at", validate=ma.validate.OneOf(SORTS))


class SlowOrderSchema(Schema):
    """In seconds."""

    cell = Integer()
    age_s = ma.fields.Function(lambda slow: round(slow.age_s), metadata={"type": "integer"})
    typical_fill_s = ma.fields.Function(lambda slow: round(slow.typical_s), metadata={"type": "integer"})


class SuggestionSchema(Schema):
    """A range that would trade more; `effect` says what to expect of it, in words."""

    kind = ma.fields.String(metadata={"enum": ["narrower", "wider", "shifted"]})
    lower_price = Decimal()
    upper_price = Decimal()
    effect = ma.fields.String()


class LiquiditySchema(Schema):
    """Orders that have waited far longer than their neighbours did, and what would help."""

    slow_orders = ma.fields.List(ma.fields.Nested(SlowOrderSchema))
    suggestion = ma.fields.Nested(SuggestionSchema, allow_none=True)


class StrategyDetailSchema(StrategySchema):
    liquidity = ma.fields.Nested(LiquiditySchema)
    pnl = ma.fields.Nested(PnlSchema)
    connection = ma.fields.Nested(ConnectionSchema)
