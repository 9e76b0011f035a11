"""A user's keys on exchanges: in, never out again."""

from typing import Any

from core.accounts import accounts_of, add_key, open_account, remove
from core.db import Session
from core.models import ExchangeApi
from web.auth import current_user_id
from web.blueprint import Blueprint
from web.lists import page_of
from web.schemas.base import PageQuery
from web.schemas.exchange_keys import ExchangeKeySchema, NewExchangeKeySchema

blp = Blueprint("exchange-keys", __name__, url_prefix="/api/v1/exchange-keys", description="Keys on exchanges")


@blp.route("", methods=["GET"], endpoint="list")
@blp.listing(ExchangeKeySchema, PageQuery)
def list_keys(query: dict[str, Any]) -> tuple[list[ExchangeApi], int]:
    """List exchange keys, without secrets"""
    with Session.reading() as session:
        return page_of(accounts_of(session, current_user_id()), query)


@blp.route("", methods=["POST"], endpoint="add")
@blp.arguments(NewExchangeKeySchema)
@blp.response(201, ExchangeKeySchema)
def add(body: dict[str, Any]) -> ExchangeApi:
    """Add a key, after checking it at the exchange

    With `exchange: "paper"` and no keys a new account is opened at the simulated exchange.
    """
    if body["api_key"] is None:
        return open_account(current_user_id(), body["label"])
    return add_key(current_user_id(), **body)


@blp.route("/<int(max=2147483647):key_id>", methods=["DELETE"], endpoint="remove")
@blp.response(204)
def remove_key(key_id: int) -> None:
    """Remove a key; 409 while strategies run with it"""
    with Session.begin() as session:
        remove(session, current_user_id(), key_id)
