"""A symbol's stored rules, for following up orders; kept up to date by core.symbols."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import monotonic
from core.db import database_of
from core.domain.symbol_rules import SymbolRules
from core.errors import ImpossibleState
from core.models import SymbolRule

_FRESH_FOR = 60.0  # seconds
_cache: dict[tuple[str, str, str], tuple[float, SymbolRules]] = {}


def rules_of(session: Session, exchange: str, symbol: str) -> SymbolRules:
    """Raises ImpossibleState where a strategy trades a symbol whose rules were never stored."""
    key = (database_of(session), exchange, symbol)
    known = _cache.get(key)
    if known is not None and monotonic() - known[0] < _FRESH_FOR:
        return known[1]
    row = session.scalars(
        select(SymbolRule).where(SymbolRule.exchange == exchange, SymbolRule.symbol == symbol)
    ).first()
    if row is None:
        raise ImpossibleState(f"no rules are stored for {symbol} on {exchange}")
    rules = row.as_rules()
    _cache[key] = (monotonic(), rules)
    return rules
