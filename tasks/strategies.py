"""The doors for what users and the market process ask of a strategy. The request is committed already: each task
only drives the strategy on, so that ringing twice, late or for nothing does no harm."""

from decimal import Decimal

from core.db import Session
from core.domain.lifecycle import FinishReason
from core.strategies import progress
from core.strategies.ending import finish_strategy
from core.strategies.stops import judge_cells, judge_trigger
from core.strategies.trailing import take_step
from tasks.app import app, sender


@app.task(name="tasks.strategies.advance")  # type: ignore[untyped-decorator]
def advance(strategy_id: int) -> None:
    sender().carry_out(progress.advance(strategy_id))


@app.task(name="tasks.strategies.start")  # type: ignore[untyped-decorator]
def start(strategy_id: int, mark_price: str | None = None) -> None:
    """With a `mark_price` it is the market process that has seen something new for a waiting strategy."""
    if mark_price is not None:
        with Session.begin() as session:
            judge_trigger(session, strategy_id, Decimal(mark_price))
    advance(strategy_id)


@app.task(name="tasks.strategies.stop")  # type: ignore[untyped-decorator]
def stop(strategy_id: int, finish_reason: str | None = None, mark_price: str = "") -> None:
    """With a `finish_reason` it is the market process that has seen one of the strategy's stops reached."""
    if finish_reason is not None:
        message = f"the mark price {mark_price} has reached the {finish_reason.lower()} price"
        with Session.begin() as session:
            finish_strategy(session, strategy_id, FinishReason(finish_reason), message)
    advance(strategy_id)


@app.task(name="tasks.strategies.reset")  # type: ignore[untyped-decorator]
def reset(strategy_id: int) -> None:
    advance(strategy_id)


@app.task(name="tasks.strategies.update")  # type: ignore[untyped-decorator]
def update(strategy_id: int, mark_price: str | None = None) -> None:
    """With a `mark_price` it is the market process that has seen the market leave the range of a trailing grid."""
    if mark_price is not None:
        with Session.begin() as session:
            take_step(session, strategy_id, Decimal(mark_price))
    advance(strategy_id)


@app.task(name="tasks.strategies.pause")  # type: ignore[untyped-decorator]
def pause(strategy_id: int, mark_price: str | None = None) -> None:
    """With a `mark_price` it is the market process that has seen where a cell may have lost its limit."""
    if mark_price is not None:
        with Session.begin() as session:
            judge_cells(session, strategy_id, Decimal(mark_price))
    advance(strategy_id)


@app.task(name="tasks.strategies.resume")  # type: ignore[untyped-decorator]
def resume(strategy_id: int) -> None:
    advance(strategy_id)


@app.task(name="tasks.strategies.stop_all")  # type: ignore[untyped-decorator]
def stop_all(account_id: int) -> None:
    for consequences in progress.advance_all(account_id):
        sender().carry_out(consequences)
