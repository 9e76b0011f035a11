"""What can be traded, and by which rules."""

from typing import Any

from core.accounts import account_of
from core.db import Session
from core.symbols import RulesView, rules_of, tradable_symbols
from web.auth import current_user_id
from web.blueprint import Blueprint
from web.lists import page_of
from web.schemas.symbols import RulesQuery, SymbolRulesSchema, SymbolsQuery

blp = Blueprint("symbols", __name__, url_prefix="/api/v1/grid", description="Symbols and their rules")


@blp.route("/symbol-rules/<exchange:exchange>/<symbol>", methods=["GET"])
@blp.arguments(RulesQuery, location="query")
@blp.response(200, SymbolRulesSchema)
def symbol_rules(query: dict[str, bool], exchange: str, symbol: str) -> RulesView:
    """The rules of a symbol, with the fees and brackets of your own account where you have one"""
    with Session.reading() as session:
        account = account_of(session, current_user_id(), exchange)
    return rules_of(exchange, symbol, account, refresh=query["refresh"])


@blp.route("/all-symbols/<exchange:exchange>", methods=["GET"])
@blp.listing(SymbolRulesSchema, SymbolsQuery)
def all_symbols(query: dict[str, Any], exchange: str) -> tuple[list[RulesView], int]:
    """Every symbol that takes a grid"""
    return page_of(tradable_symbols(exchange), query)
