"""A strategy's orders, fills and performance."""

from typing import Any

from core.db import Session
from core.models import Fill
from core.performance import Performance, performance
from core.strategies.reading import OrderView, Window, fills, orders, own
from web.auth import current_user_id
from web.blueprint import Blueprint
from web.schemas.base import PageQuery
from web.schemas.performance import PerformanceQuery, PerformanceSchema
from web.schemas.trading import FillSchema, OrderSchema, OrdersQuery

blp = Blueprint("trading", __name__, url_prefix="/api/v1/grid", description="Orders, fills and performance")


@blp.route("/orders/<exchange:exchange>/<int(max=2147483647):grid_id>", methods=["GET"], endpoint="orders")
@blp.listing(OrderSchema, OrdersQuery)
def list_orders(query: dict[str, Any], exchange: str, grid_id: int) -> tuple[list[OrderView], int]:
    """Orders, oldest first"""
    filters = {name: query[name] for name in ("status", "side") if name in query}
    with Session.reading() as session:
        row = own(session, current_user_id(), exchange, grid_id)
        return orders(session, row, Window(query["page"], query["page_size"]), **filters)


@blp.route("/fills/<exchange:exchange>/<int(max=2147483647):grid_id>", methods=["GET"], endpoint="fills")
@blp.listing(FillSchema, PageQuery)
def list_fills(query: dict[str, Any], exchange: str, grid_id: int) -> tuple[list[Fill], int]:
    """Trades at the venue, oldest first"""
    with Session.reading() as session:
        own(session, current_user_id(), exchange, grid_id)
        return fills(session, grid_id, Window(query["page"], query["page_size"]))


@blp.route("/performance/<exchange:exchange>/<int(max=2147483647):grid_id>", methods=["GET"], endpoint="performance")
@blp.arguments(PerformanceQuery, location="query")
@blp.response(200, PerformanceSchema)
def show_performance(query: dict[str, Any], exchange: str, grid_id: int) -> Performance:
    """Totals as of now, and the equity series"""
    with Session.reading() as session:
        row = own(session, current_user_id(), exchange, grid_id)
    return performance(row, query["start"], query["end"])
