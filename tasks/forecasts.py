"""The doors for candles and forecasts, in the queue `upkeep`."""

from core.candles import loading
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
