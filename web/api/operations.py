"""What users ask of strategies. The request commits first, then the worker is rung: what is lost the sweep finds."""

from typing import Any

from flask import Response, jsonify
from sqlalchemy.orm import Session as OrmSession

from core.accounts import account_of
from core.db import Session
from core.models import GridStrategy, Operation
from core.strategies import creation, requests, resetting, verdict
from core.strategies.proposals import Proposal
from core.strategies.reading import own
from tasks.app import ring
from web.api.grid import IDEMPOTENCY_KEY, ONE
from web.auth import current_user_id
from web.blueprint import Blueprint, Decorator, V
from web.idempotency import idempotent, keep
from web.schemas.base import Empty, Schema
from web.schemas.operations import AcceptedSchema, ResetSchema, StopAllAcceptedSchema, StopSchema
from web.schemas.update import DryRunQuery, UpdatePlanSchema

blp = Blueprint("operations", __name__, url_prefix="/api/v1/grid", description="Start, stop, pause, resume, reset")

Accepted = tuple[dict[str, Any], dict[str, str]]


def _asked(name: str, body: type[Schema] = Empty) -> Decorator:
    """For a view that takes a request to one strategy: POST, answered 202, done once however often it is sent."""

    def decorate(view: V, /) -> V:
        for wrap in (
            idempotent,
            blp.doc(parameters=[IDEMPOTENCY_KEY]),
            blp.response(202, AcceptedSchema),
            blp.arguments(body, required=False),
            blp.route(f"/{name}/{ONE}", methods=["POST"]),
        ):
            view = wrap(view)
        return view

    return decorate


@_asked("start")
def start(_body: dict[str, Any], exchange: str, grid_id: int) -> Accepted:
    """Start a strategy"""
    with Session.begin() as session:
        verdict.require_key(session, own(session, current_user_id(), exchange, grid_id))
        accepted = _accepted(session, requests.request_start(session, current_user_id(), exchange, grid_id))
    ring("tasks.strategies.start", grid_id)
    return accepted


@_asked("stop", StopSchema)
def stop(body: dict[str, Any], exchange: str, grid_id: int) -> Accepted:
    """Stop a strategy: its orders are cancelled, and its position closed if asked"""
    with Session.begin() as session:
        operation = requests.request_stop(session, current_user_id(), exchange, grid_id, body["close_position"])
        accepted = _accepted(session, operation)
    ring("tasks.strategies.stop", grid_id)
    return accepted


@_asked("pause")
def pause(_body: dict[str, Any], exchange: str, grid_id: int) -> Accepted:
    """Pause a strategy: nothing new is opened, closing orders stay"""
    with Session.begin() as session:
        accepted = _accepted(session, requests.request_pause(session, current_user_id(), exchange, grid_id))
    ring("tasks.strategies.pause", grid_id)
    return accepted


@_asked("resume")
def resume(_body: dict[str, Any], exchange: str, grid_id: int) -> Accepted:
    """Resume a paused strategy"""
    with Session.begin() as session:
        accepted = _accepted(session, requests.request_resume(session, current_user_id(), exchange, grid_id))
    ring("tasks.strategies.resume", grid_id)
    return accepted


@_asked("reset", ResetSchema)
@blp.arguments(DryRunQuery, location="query")
@blp.alt_response(200, schema=UpdatePlanSchema)
def reset(body: dict[str, Any], query: dict[str, Any], exchange: str, grid_id: int) -> Any:
    """Stop a strategy if it runs, then start it, with new parameters if given

    With `dry_run` its plan is answered (200) and nothing is done.
    """
    user_id, close_position = current_user_id(), body.pop("close_position")
    if query["dry_run"]:
        return _reset_plan(resetting.propose_reset(user_id, exchange, grid_id, close_position, body), grid_id)
    parameters = resetting.reset_parameters(user_id, exchange, grid_id, body)
    with Session.begin() as session:
        row = own(session, user_id, exchange, grid_id)
        verdict.require_key(session, row)
        operation = requests.request_reset(session, user_id, exchange, grid_id, close_position, parameters)
        creation.set_options(row, body)
        accepted = _accepted(session, operation)
    ring("tasks.strategies.reset", grid_id)
    return accepted


def _reset_plan(proposal: Proposal, grid_id: int) -> Response:
    with Session.begin() as session:
        row = session.get_one(GridStrategy, grid_id)
        plan = {**UpdatePlanSchema().dump(proposal), "grid_id": row.id, "status": row.status, "task_id": None}
        keep(session, 200, plan)
    return jsonify(plan)


@blp.route("/stop-all/<exchange:exchange>", methods=["POST"])
@blp.arguments(StopSchema, required=False)
@blp.response(202, StopAllAcceptedSchema)
@blp.doc(parameters=[IDEMPOTENCY_KEY])
@idempotent
def stop_all(body: dict[str, Any], exchange: str) -> Accepted:
    """Stop every strategy of the account"""
    with Session.begin() as session:
        operation = requests.request_stop_all(session, current_user_id(), exchange, body["close_position"])
        account = account_of(session, current_user_id(), exchange)
        told = {"exchange": exchange, "grid_ids": operation.arguments["strategy_ids"], "task_id": operation.id}
        keep(session, 202, told, _location(operation))
    if account is not None:
        ring("tasks.strategies.stop_all", account.id)
    return told, _location(operation)


def _accepted(session: OrmSession, operation: Operation) -> Accepted:
    """What is answered, stored with the work for whoever asks the same again."""
    strategy = session.get_one(GridStrategy, operation.strategy_id)
    told = {"grid_id": strategy.id, "status": str(strategy.status), "task_id": operation.id}
    keep(session, 202, told, _location(operation))
    return told, _location(operation)


def _location(operation: Operation) -> dict[str, str]:
    return {"Location": f"/api/v1/tasks/{operation.id}"}
