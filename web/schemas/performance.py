"""Totals and the equity series."""

import marshmallow as ma

from core.models.forecast import Parting
from web.fields import Decimal, Flag, Integer, Moment
from web.schemas.base import Schema
from web.schemas.market import check_span

MISSING = (
    "Why there is no forecast to compare with. CHANGED: another range, number of cells, investment, leverage, sizing, "
    "stop or limit of trailing; what trailing does within its limits was forecast too"
)
OTHER_FEES = "Paid in other assets: asset -> amount. They are in no other figure"


class PerformanceQuery(Schema):
    start = Moment(data_key="from", load_default=None)
    end = Moment(data_key="to", load_default=None)

    @ma.validates_schema
    def in_order(self, data: dict[str, object], **_kwargs: object) -> None:
        check_span(data)


class PointSchema(Schema):
    at = Moment()
    equity = Decimal()
    total_pnl = Decimal()
    grid_profit = Decimal()
    unrealized_pnl = Decimal()
    fees = Decimal()
    funding = Decimal()
    position = Decimal()
    mark_price = Decimal()


class ExpectationSchema(Schema):
    """The forecast made at creation beside what came: total PnL after `days` of running. Nine of ten paths were between
    `low` and `high` then."""

    made_at = Moment()
    horizon_days = Integer()
    days = Decimal(places=4)
    low = Decimal(places=4)
    median = Decimal(places=4)
    high = Decimal(places=4)
    inside = Flag()


class PerformanceSchema(Schema):
    """Quote amounts; percentages as 1 for 1 %. total_pnl = realized_pnl + unrealized_pnl - fees + funding, exactly."""

    grid_profit = Decimal()
    round_trips = Integer()
    realized_pnl = Decimal()
    unrealized_pnl = Decimal()
    fees = Decimal()
    other_fees = ma.fields.Dict(keys=ma.fields.String(), values=Decimal(), metadata={"description": OTHER_FEES})
    other_fees_value = Decimal(places=8, allow_none=True, metadata={"description": "Theirs now, in USDT, to look at"})
    funding = Decimal()
    total_pnl = Decimal()
    reinvested = Decimal(metadata={"description": "The part of total_investment that was profit of earlier runs"})
    roi_pct = Decimal(places=8)
    grid_apr_pct = Decimal(places=8, allow_none=True)
    total_apr_pct = Decimal(places=8, allow_none=True)
    max_drawdown = Decimal()
    position = Decimal()
    average_entry_price = Decimal(places=18, allow_none=True)
    mark_price = Decimal()
    liquidation_price = Decimal(allow_none=True)
    margin_ratio = Decimal(places=8, allow_none=True)
    buy_and_hold_pnl = Decimal(places=8, allow_none=True)
    forecast = ma.fields.Nested(ExpectationSchema, allow_none=True)
    forecast_missing = ma.fields.String(
        allow_none=True, metadata={"enum": [one.value for one in Parting], "description": MISSING}
    )
    books_balance = Flag(allow_none=True)
    books_difference = Decimal(allow_none=True)
    books_explanation = ma.fields.String(metadata={"description": "Of a difference, in words; else empty"})
    books_checked_at = Moment(allow_none=True)
    equity = ma.fields.List(
        ma.fields.Nested(PointSchema),
        metadata={"description": "Oldest first, at most 500 points: of more, each span's lowest and highest"},
    )
