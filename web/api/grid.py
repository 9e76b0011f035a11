"""Strategies: created, previewed, listed, shown, changed and deleted."""

from typing import Any

from flask import Response, jsonify, make_response

from core.db import Session
from core.domain.lifecycle import CHANGEABLE
from core.forecast import honesty
from core.models import GridStrategy
from core.strategies import creation, deletion, proposals, reading, requests, verdict
from core.strategies.parameters import OPTIONS, parameters_from
from core.strategies.reading import StrategyView, Window
from tasks.app import ring
from web.auth import current_user_id
from web.blueprint import Blueprint
from web.errors import error_answer
from web.etags import etag_of, require_if_match, require_match
from web.idempotency import HEADER, idempotent, keep
from web.schemas.grid import NewStrategySchema, ParametersSchema, StrategyDetailSchema, StrategyQuery, StrategySchema
from web.schemas.preview import PreviewSchema, RangeSchema
from web.schemas.update import DryRunQuery, UpdatePlanSchema

blp = Blueprint("grid", __name__, url_prefix="/api/v1/grid", description="Grid strategies")

ONE = "<exchange:exchange>/<int(max=2147483647):grid_id>"
_IF_MATCH = {"in": "header", "name": "If-Match", "required": True, "schema": {"type": "string"}}
IDEMPOTENCY_KEY = {"in": "header", "name": HEADER, "schema": {"type": "string", "minLength": 1, "maxLength": 255}}


@blp.errorhandler(verdict.NotAllowed)  # type: ignore[untyped-decorator]
def not_allowed(error: verdict.NotAllowed) -> Response:
    """As every Invalid, and with the range of every field."""
    ranges = {name: RangeSchema().dump(allowed) for name, allowed in error.ranges.items()}
    return error_answer(422, error.message, error.reason, errors={"json": error.fields}, more={"ranges": ranges})


@blp.route("/create/<exchange:exchange>", methods=["POST"])
@blp.arguments(NewStrategySchema)
@blp.response(201, StrategySchema)
@blp.doc(parameters=[IDEMPOTENCY_KEY])
@idempotent
def create(body: dict[str, Any], exchange: str) -> tuple[StrategyView, dict[str, str]]:
    """Create a strategy, without starting it"""
    wanted = parameters_from(body)
    checked = verdict.check(current_user_id(), exchange, wanted, needs_account=True)
    with Session.begin() as session:
        row = creation.create(session, current_user_id(), exchange, checked, body)
        view = reading.view_of(session, row)
        keep(session, 201, StrategySchema().dump(view), etag_of(row.version))
        has_past = honesty.can_be_made(session, exchange, row.symbol)
    if has_past:
        ring("tasks.upkeep.forecast", row.id)
    return view, etag_of(row.version)


@blp.route("/preview/<exchange:exchange>", methods=["POST"])
@blp.arguments(NewStrategySchema)
@blp.response(200, PreviewSchema)
def preview(body: dict[str, Any], exchange: str) -> verdict.Checked:
    """What create would make, without saving anything

    Works without an exchange key too; then balance and fees of the account are not known.
    """
    return verdict.check(current_user_id(), exchange, parameters_from(body), needs_account=False)


@blp.route("/list/<exchange:exchange>", methods=["GET"], endpoint="list")
@blp.listing(StrategySchema, StrategyQuery)
def list_strategies(query: dict[str, Any], exchange: str) -> tuple[list[StrategyView], int]:
    """List strategies, oldest first"""
    filters = {name: query[name] for name in ("status", "symbol") if name in query}
    window = Window(query["page"], query["page_size"])
    with Session.reading() as session:
        return reading.strategies(session, current_user_id(), exchange, window, sort=query["sort"], **filters)


@blp.route(f"/detail/{ONE}", methods=["GET"])
@blp.response(200, StrategyDetailSchema)
def detail(exchange: str, grid_id: int) -> tuple[StrategyView, dict[str, str]]:
    """A strategy with its levels, PnL and connection"""
    with Session.reading() as session:
        view = reading.detail(session, current_user_id(), exchange, grid_id)
    return view, etag_of(view.row.version)


@blp.route(f"/update/{ONE}", methods=["PUT"])
@blp.arguments(ParametersSchema)
@blp.arguments(DryRunQuery, location="query")
@blp.response(200, StrategySchema)
@blp.alt_response(202, schema=UpdatePlanSchema)
@blp.doc(parameters=[_IF_MATCH])
def update(body: dict[str, Any], query: dict[str, Any], exchange: str, grid_id: int) -> Any:
    """Change a strategy; what is left out stays as it is

    One that runs is changed without a stop, by the plan that is answered (202): orders that stay as they are are not
    touched. With `dry_run` the plan is answered (200) and nothing is done.
    """
    require_if_match()
    with Session.reading() as session:
        row = reading.own(session, current_user_id(), exchange, grid_id)
    require_match(row.version)
    if body.keys() <= set(OPTIONS) and not query["dry_run"]:
        return _changed(body, exchange, grid_id, None)
    if row.status not in CHANGEABLE:
        creation.require_not_running(row)
    if query["dry_run"]:
        return _answer(200, proposals.propose(current_user_id(), exchange, grid_id, body), row, {})
    if row.status in CHANGEABLE:
        return _change_running(body, exchange, grid_id)
    return _changed(body, exchange, grid_id, verdict.check_changes(current_user_id(), row, body))


def _changed(
    body: dict[str, Any], exchange: str, grid_id: int, checked: verdict.Checked | None
) -> tuple[StrategyView, dict[str, str]]:
    """At once: nothing runs that depends on it."""
    with Session.begin() as session:
        row = reading.own(session, current_user_id(), exchange, grid_id, lock=True)
        require_match(row.version)
        creation.change(session, row, checked, body)
        view = reading.view_of(session, row)
    return view, etag_of(row.version)


def _change_running(body: dict[str, Any], exchange: str, grid_id: int) -> Response:
    proposal = proposals.propose(current_user_id(), exchange, grid_id, body)
    with Session.begin() as session:
        row = reading.own(session, current_user_id(), exchange, grid_id, lock=True)
        require_match(row.version)
        operation = requests.request_update(session, row, proposal.wanted)
        creation.set_options(row, body)
    ring("tasks.strategies.update", grid_id)
    return _answer(202, proposal, row, {"Location": f"/api/v1/tasks/{operation.id}"}, operation.id)


def _answer(
    status: int, proposal: proposals.Proposal, row: GridStrategy, headers: dict[str, str], task_id: str | None = None
) -> Response:
    plan = {**UpdatePlanSchema().dump(proposal), "grid_id": row.id, "status": row.status, "task_id": task_id}
    return make_response(jsonify(plan), status, etag_of(row.version) | headers)


@blp.route(f"/delete/{ONE}", methods=["DELETE"])
@blp.response(204)
@blp.doc(parameters=[_IF_MATCH])
def delete(exchange: str, grid_id: int) -> None:
    """Delete a strategy that has not been started, or has ended"""
    require_if_match()
    with Session.begin() as session:
        row = reading.own(session, current_user_id(), exchange, grid_id, lock=True)
        require_match(row.version)
        deletion.delete(session, row)
