"""What a grid may come to, and which parameters suit the recent market."""

from typing import Any

from core.domain.parameters import GridType
from core.forecast import asking
from core.strategies.parameters import parameters_from
from tasks.app import ring
from web.api.grid import ONE
from web.auth import current_user_id
from web.blueprint import Blueprint
from web.schemas.forecast import (
    ForecastRequestSchema,
    ForecastSchema,
    SuggestChangeRequestSchema,
    SuggestedChangeSchema,
    SuggestionsSchema,
    SuggestRequestSchema,
)

blp = Blueprint("forecasts", __name__, url_prefix="/api/v1/grid", description="Forecasts and suggestions")


@blp.route("/forecast/<exchange:exchange>", methods=["POST"])
@blp.arguments(ForecastRequestSchema)
@blp.response(200, ForecastSchema)
def forecast(body: dict[str, Any], exchange: str) -> dict[str, Any]:
    """What a new grid may come to

    Over the recent candles, and over many paths of scenarios that are made of the symbol's own past.
    """
    window, horizon = body.pop("window_days"), body.pop("horizon_days")
    task_id = _load(exchange, body["symbol"], window)
    answer = asking.forecast(
        current_user_id(),
        exchange,
        parameters_from(body),
        window_days=window,
        horizon_days=horizon,
        is_loading=task_id is not None,
    )
    return _with_task(answer, task_id)


@blp.route("/suggest/<exchange:exchange>", methods=["POST"])
@blp.arguments(SuggestRequestSchema)
@blp.response(200, SuggestionsSchema)
def suggest(body: dict[str, Any], exchange: str) -> dict[str, Any]:
    """Parameters for a new grid, ranked, with what they did on the past that chose them and on the past after it"""
    window, aim, leverage = body.pop("window_days"), body.pop("aim"), body.pop("leverage")
    task_id = _load(exchange, body["symbol"], window)
    answer = asking.suggest(
        current_user_id(),
        exchange,
        parameters_from({**body, "grid_type": GridType.ARITHMETIC}),
        leverage,
        aim,
        window_days=window,
        is_loading=task_id is not None,
    )
    return _with_task(answer, task_id)


@blp.route(f"/suggest/{ONE}", methods=["POST"])
@blp.arguments(SuggestChangeRequestSchema, required=False)
@blp.response(200, SuggestedChangeSchema)
def suggest_change(body: dict[str, Any], exchange: str, grid_id: int) -> dict[str, Any]:
    """Whether other parameters would do better than those of a grid that runs, and the plan of the change"""
    row = asking.running(current_user_id(), exchange, grid_id)
    task_id = _load(exchange, row.symbol, body["window_days"])
    answer, proposal = asking.suggest_change(
        row, body["aim"], window_days=body["window_days"], is_loading=task_id is not None
    )
    return {**_with_task(answer, task_id), "plan": proposal}


def _load(exchange: str, symbol: str, days: int) -> str | None:
    """Has what is missing loaded; the id of the task that does."""
    operation = asking.loading_needed(current_user_id(), exchange, symbol, days)
    if operation is None:
        return None
    ring("tasks.upkeep.load_candles", operation.id)
    return operation.id


def _with_task(answer: dict[str, Any], task_id: str | None) -> dict[str, Any]:
    return {**answer, "history": {**answer["history"], "task_id": task_id}}
