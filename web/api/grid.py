"""Strategies: created, previewed, listed, shown, changed and deleted."""

from typing import Any

from flask import Response

from core.db import Session
from core.strategies import creation, reading
from core.strategies.reading import StrategyView, Window
from web.auth import current_user_id
from web.blueprint import Blueprint
from web.errors import error_answer
from web.etags import etag_of, require_if_match, require_match
from web.idempotency import HEADER, idempotent, keep
from web.schemas.grid import NewStrategySchema, ParametersSchema, StrategyDetailSchema, StrategyQuery, StrategySchema
from web.schemas.preview import PreviewSchema, RangeSchema

blp = Blueprint("grid", __name__, url_prefix="/api/v1/grid", description="Grid strategies")

ONE = "<exchange:exchange>/<int(max=2147483647):grid_id>"
_IF_MATCH = {"in": "header", "name": "If-Match", "required": True, "schema": {"type": "string"}}
IDEMPOTENCY_KEY = {"in": "header", "name": HEADER, "schema": {"type": "string", "minLength": 1, "maxLength": 255}}


@blp.errorhandler(creation.NotAllowed)  # type: ignore[untyped-decorator]
def not_allowed(error: creation.NotAllowed) -> Response:
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
    wanted = creation.parameters_from(body)
    checked = creation.check(current_user_id(), exchange, wanted, needs_account=True)
    with Session.begin() as session:
        row = creation.create(session, current_user_id(), exchange, checked, body)
        view = reading.view_of(session, row)
        keep(session, 201, StrategySchema().dump(view), etag_of(row.version))
    return view, etag_of(row.version)


@blp.route("/preview/<exchange:exchange>", methods=["POST"])
@blp.arguments(NewStrategySchema)
@blp.response(200, PreviewSchema)
def preview(body: dict[str, Any], exchange: str) -> creation.Checked:
    """What create would make, without saving anything

    Works without an exchange key too; then balance and fees of the account are not known.
    """
    return creation.check(current_user_id(), exchange, creation.parameters_from(body), needs_account=False)


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
@blp.response(200, StrategySchema)
@blp.doc(parameters=[_IF_MATCH])
def update(body: dict[str, Any], exchange: str, grid_id: int) -> tuple[StrategyView, dict[str, str]]:
    """Change a strategy that does not run; what is left out stays as it is

    While it runs only its name can be changed.
    """
    require_if_match()
    checked = _checked_changes(body, exchange, grid_id)
    with Session.begin() as session:
        row = reading.own(session, current_user_id(), exchange, grid_id, lock=True)
        require_match(row.version)
        creation.change(session, row, checked, body)
        view = reading.view_of(session, row)
    return view, etag_of(row.version)


def _checked_changes(body: dict[str, Any], exchange: str, grid_id: int) -> creation.Checked | None:
    """None where nothing changes that the plan depends on."""
    with Session.reading() as session:
        row = reading.own(session, current_user_id(), exchange, grid_id)
    require_match(row.version)
    if body.keys() <= set(creation.OPTIONS):
        return None
    creation.require_not_running(row)
    return creation.check_changes(current_user_id(), row, body)


@blp.route(f"/delete/{ONE}", methods=["DELETE"])
@blp.response(204)
@blp.doc(parameters=[_IF_MATCH])
def delete(exchange: str, grid_id: int) -> None:
    """Delete a strategy that has not been started, or has ended"""
    require_if_match()
    with Session.begin() as session:
        row = reading.own(session, current_user_id(), exchange, grid_id, lock=True)
        require_match(row.version)
        creation.delete(session, row)
