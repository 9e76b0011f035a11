"""Forecasts and suggestions. Figures are estimates: decimals in strings, amounts in quote, percentages as 1 for 1 %."""

from typing import Any

import marshmallow as ma

from core.domain.lifecycle import FinishReason
from core.domain.parameters import GridType, MarginType, Sizing, StrategyType
from core.forecast.questions import AIMS
from web.fields import Decimal, Integer
from web.schemas.base import Schema
from web.schemas.grid import SYMBOL, NewStrategySchema, enum
from web.schemas.update import ProposalSchema

MOST_DAYS = 90
WINDOW = "Of the newest stored candles of one minute; what is missing is loaded"


def _figure(**options: Any) -> ma.fields.String:
    return ma.fields.String(metadata={"example": "0.5"}, **options)


class ForecastRequestSchema(NewStrategySchema):
    """A new grid, as for create."""

    window_days = Integer(
        load_default=30, validate=ma.validate.Range(min=1, max=MOST_DAYS), metadata={"description": WINDOW}
    )
    horizon_days = Integer(load_default=7, validate=ma.validate.Range(min=1, max=30))


class SuggestRequestSchema(Schema):
    """What is left out is searched for."""

    symbol = ma.fields.String(required=True, validate=SYMBOL)
    strategy_type = enum(StrategyType, load_default=StrategyType.NEUTRAL)
    total_investment = Decimal(required=True)
    leverage = Integer(allow_none=True, load_default=None)
    sizing = enum(Sizing)
    margin_type = enum(MarginType)
    aim = ma.fields.String(load_default="balanced", validate=ma.validate.OneOf(AIMS))
    window_days = Integer(
        load_default=30, validate=ma.validate.Range(min=2, max=MOST_DAYS), metadata={"description": WINDOW}
    )


class SuggestChangeRequestSchema(Schema):
    aim = ma.fields.String(load_default="balanced", validate=ma.validate.OneOf(AIMS))
    window_days = Integer(load_default=30, validate=ma.validate.Range(min=2, max=MOST_DAYS))


class WordsSchema(Schema):
    """A text in both languages."""

    code = ma.fields.String()
    en = ma.fields.String()
    zh_hant = ma.fields.String()


class BandSchema(Schema):
    """Nine of ten paths end between `low` and `high`, one of twenty beyond each."""

    low = _figure()
    median = _figure()
    high = _figure()


class ChancesSchema(Schema):
    loss = _figure()
    stop_loss = _figure()
    take_profit = _figure()
    liquidation = _figure()


class ScenarioSchema(WordsSchema):
    name = ma.fields.String()
    total_pnl = ma.fields.Nested(BandSchema)
    grid_profit = ma.fields.Nested(BandSchema)
    max_drawdown = ma.fields.Nested(BandSchema)
    inside_range_pct = ma.fields.Nested(BandSchema)
    round_trips_per_day = ma.fields.Nested(BandSchema)
    buy_and_hold_pnl = ma.fields.Nested(BandSchema)
    chances_pct = ma.fields.Nested(ChancesSchema)


class RecentSchema(Schema):
    """The grid over the newest candles as they were, from today's price on."""

    days = _figure()
    total_pnl = _figure()
    grid_profit = _figure()
    max_drawdown = _figure()
    inside_range_pct = _figure()
    round_trips_per_day = _figure()
    buy_and_hold_pnl = _figure()
    finish_reason = ma.fields.String(allow_none=True, metadata={"enum": [reason.value for reason in FinishReason]})


class CheckpointSchema(Schema):
    days = _figure()
    total_pnl = ma.fields.Nested(BandSchema)


class RiskSchema(Schema):
    grade = ma.fields.String(metadata={"enum": ["LOW", "MEDIUM", "HIGH", "EXTREME"]})
    reasons = ma.fields.List(ma.fields.Nested(WordsSchema))


class HistorySchema(Schema):
    """`task_id`: of what loads candles that are missing (GET /tasks), null where none are."""

    candles = Integer()
    begins = ma.fields.String(data_key="from", attribute="from")
    ends = ma.fields.String(data_key="to", attribute="to")
    parts = Integer()
    part_days = _figure()
    task_id = ma.fields.String(allow_none=True)


class ForecastSchema(Schema):
    """`checkpoints`: the band of total PnL on the way, of paths that go on as in the past."""

    symbol = ma.fields.String()
    entry_price = _figure()
    horizon_days = Integer()
    history = ma.fields.Nested(HistorySchema)
    recent = ma.fields.Nested(RecentSchema)
    scenarios = ma.fields.List(ma.fields.Nested(ScenarioSchema))
    checkpoints = ma.fields.List(ma.fields.Nested(CheckpointSchema))
    risk = ma.fields.Nested(RiskSchema)
    assumptions = ma.fields.List(ma.fields.Nested(WordsSchema))


class ShapeSchema(Schema):
    """What `create` and `update` take."""

    grid_type = ma.fields.String(metadata={"enum": [kind.value for kind in GridType]})
    lower_price = _figure()
    upper_price = _figure()
    grid_number = Integer()
    leverage = Integer()


class SampleSchema(Schema):
    """Means over `days`, in parts; the largest drawdown. `pct_per_day` of the investment."""

    days = _figure()
    pct_per_day = _figure()
    total_pnl = _figure()
    grid_profit = _figure()
    max_drawdown = _figure()
    inside_range_pct = _figure()
    round_trips_per_day = _figure()


class SetSchema(Schema):
    """`in_sample`: the parts of the past that ranked it; `out_of_sample`: the part after them, which did not."""

    parameters = ma.fields.Nested(ShapeSchema)
    score = _figure()
    in_sample = ma.fields.Nested(SampleSchema)
    out_of_sample = ma.fields.Nested(SampleSchema)
    hard_liquidation_pct = _figure()
    why = ma.fields.List(ma.fields.Nested(WordsSchema))


class StepSchema(ShapeSchema):
    """What was best on one part of the past, and what it did on that part and on the next."""

    part = Integer()
    in_sample_pct_per_day = _figure()
    out_of_sample_pct_per_day = _figure()


class SuggestionsSchema(Schema):
    """`sets`: best first."""

    symbol = ma.fields.String()
    aim = ma.fields.String()
    entry_price = _figure()
    candidates = Integer(metadata={"description": "How many were tried"})
    history = ma.fields.Nested(HistorySchema)
    walk_forward = ma.fields.List(ma.fields.Nested(StepSchema))
    sets = ma.fields.List(ma.fields.Nested(SetSchema))
    assumptions = ma.fields.List(ma.fields.Nested(WordsSchema))


class CurrentSchema(Schema):
    """The grid as it runs, over the same past."""

    parameters = ma.fields.Nested(ShapeSchema)
    in_sample = ma.fields.Nested(SampleSchema)
    out_of_sample = ma.fields.Nested(SampleSchema)


class SuggestedChangeSchema(SuggestionsSchema):
    """`better`: which of `sets` did better than `current` on both samples, null where none did; `plan`: the update that
    makes it so (nothing has been done), null where there is none or, as `refused` says, it can't be made."""

    current = ma.fields.Nested(CurrentSchema)
    better = Integer(allow_none=True)
    because = ma.fields.Nested(WordsSchema)
    refused = ma.fields.String()
    plan = ma.fields.Nested(ProposalSchema, allow_none=True)


class AccuracySchema(Schema):
    """Errors in percent of the investment: what came less the median. Null before the first is judged."""

    judged = Integer()
    inside = Integer(metadata={"description": "How many ended within their band of 5 to 95 %"})
    below = Integer()
    above = Integer()
    inside_pct = Decimal(places=4, allow_none=True)
    expected_pct = Decimal(metadata={"description": "What inside_pct would be if the bands were right"})
    mean_error_pct = Decimal(places=4, allow_none=True)
    median_absolute_error_pct = Decimal(places=4, allow_none=True)
