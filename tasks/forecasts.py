"""The doors for candles and forecasts, in the queue `upkeep`."""

from core.candles import loading
from core.forecast import honesty
from tasks.app import app, ring


@app.task(name="tasks.upkeep.load_candles")  # type: ignore[untyped-decorator]
def load_candles(operation_id: str) -> None:
    """A few seconds of it, then the next step is rung."""
    if loading.advance(operation_id):
        ring("tasks.upkeep.load_candles", operation_id)


@app.task(name="tasks.upkeep.load_all_candles")  # type: ignore[untyped-decorator]
def load_all_candles() -> None:
    """Rung by beat: what the venue's limits or a lost ring have held up."""
    for operation_id in loading.under_way():
        loading.advance(operation_id)


@app.task(name="tasks.upkeep.forecast")  # type: ignore[untyped-decorator]
def forecast(strategy_id: int) -> None:
    """Of a strategy that was just created; what is missed is not made up for."""
    honesty.remember(strategy_id)


@app.task(name="tasks.upkeep.judge_forecasts")  # type: ignore[untyped-decorator]
def judge_forecasts() -> None:
    honesty.judge()
