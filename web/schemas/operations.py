"""Things asked for that take time."""

import marshmallow as ma

from core.domain.lifecycle import OperationState
from web.fields import Flag, Integer, Moment
from web.schemas.base import Schema
from web.schemas.grid import ParametersSchema


class AcceptedSchema(Schema):
    """`task_id` is the operation's id."""

    grid_id = Integer()
    status = ma.fields.String()
    task_id = ma.fields.String()


class StopAllAcceptedSchema(Schema):
    exchange = ma.fields.String()
    grid_ids = ma.fields.List(Integer())
    task_id = ma.fields.String()


class StopSchema(Schema):
    """Without `close_position` the strategy's own `close_position_on_stop` counts."""

    close_position = Flag(allow_none=True, load_default=None)


class ResetSchema(ParametersSchema):
    """New parameters for the next run, all of them optional."""

    close_position = Flag(allow_none=True, load_default=None)


class OperationSchema(Schema):
    task_id = ma.fields.String(attribute="id")
    kind = ma.fields.String()
    state = ma.fields.String(metadata={"enum": [state.value for state in OperationState]})
    error = ma.fields.String(allow_none=True)
    progress_pct = Integer(allow_none=True, metadata={"description": "Of what takes long, else null"})
    grid_id = Integer(attribute="strategy_id", allow_none=True)
    created_at = Moment()
    finished_at = Moment(allow_none=True)
