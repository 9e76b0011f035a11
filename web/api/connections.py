"""How a user's accounts are connected."""

from typing import Any

from core.accounts import Connection, connections_of
from core.db import Session
from web.auth import current_user_id
from web.blueprint import Blueprint
from web.lists import page_of
from web.schemas.base import PageQuery
from web.schemas.connections import ConnectionSchema

blp = Blueprint("connections", __name__, url_prefix="/api/v1/connections", description="Streams and listeners")


@blp.route("", methods=["GET"], endpoint="list")
@blp.listing(ConnectionSchema, PageQuery)
def connections(query: dict[str, Any]) -> tuple[list[Connection], int]:
    """Per exchange account: its listener, its stream, and when it was last reconciled"""
    with Session.reading() as session:
        return page_of(connections_of(session, current_user_id()), query)
