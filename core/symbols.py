"""The rules of symbols: read from the venue, kept 24 hours in memory and in the table, and served stale, marked so,
where the venue is away.

Rules are the venue's, the same for everybody; leverage brackets are too, but need a key to be read. Fees are an
account's own, so they are kept in memory only.
"""

import threading
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from math import inf
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from core.clock import monotonic, now
from core.credentials import credentials_of
from core.db import Session
from core.deadline import Deadline
from core.domain.symbol_rules import Bracket, SymbolRules
from core.errors import NotFound, VenueRefused, VenueUnavailable
from core.exchange import VENUES, account_api, public_api
from core.models import ExchangeApi, SymbolRule

KEPT_FOR = timedelta(hours=24)
# A symbol that nobody knows may have been listed a moment ago; asking for every one of them would be too much.
_QUESTIONS, _PER = 5, timedelta(seconds=5)
_OURS = ("max_leverage", "leverage_brackets")  # columns that a venue's public rules don't touch


@dataclass(frozen=True, slots=True)
class RulesView:
    """A symbol's rules as known. `stale`: the venue was asked and did not answer."""

    exchange: str
    rules: SymbolRules
    updated_at: datetime
    stale: bool = False


@dataclass(frozen=True, slots=True)
class _Terms:
    """What a symbol's rules are for one account; fees as fractions."""

    brackets: tuple[Bracket, ...]
    maker_fee: Decimal
    taker_fee: Decimal
    read_at: datetime


class _Books:
    """What this process knows."""

    def __init__(self) -> None:
        self.of_exchange: dict[str, dict[str, RulesView]] = {}
        self.asked_at: dict[str, deque[datetime]] = defaultdict(lambda: deque(maxlen=_QUESTIONS))
        self.answered: dict[str, float] = {}  # steady clock: when the question was asked that was answered last
        self.terms: dict[tuple[int, str], _Terms] = {}
        self.reading = threading.Lock()


@cache
def _books() -> _Books:
    return _Books()


def check_exchange(exchange: str) -> None:
    """Raises NotFound (unknown_exchange)."""
    if exchange not in VENUES:
        raise NotFound("unknown_exchange", f"There is no exchange {exchange!r}: known are {', '.join(VENUES)}.")


def exchanges() -> tuple[str, ...]:
    return tuple(VENUES)


def rules_of(
    exchange: str,
    symbol: str,
    account: ExchangeApi | None = None,
    refresh: bool = False,
    deadline: Deadline | None = None,
    *,
    kept_for: timedelta = KEPT_FOR,
) -> RulesView:
    """The rules of a symbol, with the brackets and fees of `account` where there is one.

    `kept_for`: how old public rules may be. Raises NotFound (unknown_symbol), and VenueUnavailable where nothing is
    known and the venue does not answer.
    """
    deadline = deadline or Deadline()
    view = _public_rules(exchange, symbol, timedelta(0) if refresh else kept_for, deadline)
    return view if account is None else _on_terms(view, account, refresh, deadline)


def tradable_symbols(exchange: str) -> list[RulesView]:
    """The rules of every symbol that takes a grid now, by name. Raises VenueUnavailable as `rules_of` does."""
    known = _known(exchange)
    stale = False
    if not known or _is_old(max(view.updated_at for view in known.values())):
        try:
            known = _read(exchange, Deadline())
        except VenueUnavailable:
            if not known:
                raise
            stale = True
    return [replace(known[name], stale=stale) for name in sorted(known) if known[name].rules.tradable]


def refresh_all(exchange: str) -> None:
    """Reads the rules of all symbols anew. Raises VenueUnavailable, VenueRefused."""
    _read(exchange, Deadline(10.0))


def _public_rules(exchange: str, symbol: str, kept_for: timedelta, deadline: Deadline) -> RulesView:
    view = _known(exchange).get(symbol)
    if view is not None and now() - view.updated_at < kept_for:
        return view
    if view is None and _was_asked_enough(exchange):
        raise _unknown(symbol, exchange)
    try:
        view = _read(exchange, deadline).get(symbol)
    except VenueUnavailable:
        if view is None:
            raise
        return replace(view, stale=True)
    if view is None:
        raise _unknown(symbol, exchange)
    return view


def _unknown(symbol: str, exchange: str) -> NotFound:
    return NotFound("unknown_symbol", f"There is no symbol {symbol} on {exchange}.")


def _is_old(moment: datetime) -> bool:
    return now() - moment >= KEPT_FOR


def _was_asked_enough(exchange: str) -> bool:
    asked = _books().asked_at[exchange]
    return len(asked) == _QUESTIONS and now() - asked[0] < _PER


def _known(exchange: str) -> Mapping[str, RulesView]:
    """What is in memory, or else what another process has left in the table."""
    if exchange not in _books().of_exchange:
        with Session.reading() as session:
            rows = session.scalars(select(SymbolRule).where(SymbolRule.exchange == exchange)).all()
        if not rows:
            return {}
        _books().of_exchange[exchange] = {
            row.symbol: RulesView(exchange, row.as_rules(), row.updated_at) for row in rows
        }
    return _books().of_exchange[exchange]


def _read(exchange: str, deadline: Deadline) -> Mapping[str, RulesView]:
    """Asks the venue for all symbols, one reader at a time, and keeps what it says.

    Whoever waits for a reader that has asked after them takes what it was told.
    """
    books, wanted = _books(), monotonic()
    if not books.reading.acquire(timeout=deadline.left_s):
        raise VenueUnavailable("the exchange did not answer in time", "venue_timeout")
    try:
        if books.answered.get(exchange, -inf) < wanted:
            asked = monotonic()
            books.asked_at[exchange].append(now())
            found = deadline.read(public_api(exchange).symbol_rules)
            _store(exchange, found.values())
            books.of_exchange.pop(exchange, None)
            books.answered[exchange] = asked
    finally:
        books.reading.release()
    return _known(exchange)


def _store(exchange: str, found: Iterable[SymbolRules]) -> None:
    rows = [_row(exchange, rules) for rules in found]
    if not rows:
        raise VenueUnavailable(f"{exchange} lists no symbols", "unusable_answer")
    with Session.begin() as session:
        kind = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        insert = kind(SymbolRule)
        kept = {name: insert.excluded[name] for name in rows[0] if name not in _OURS}
        session.connection().execute(
            insert.on_conflict_do_update(index_elements=["exchange", "symbol"], set_=kept), rows
        )
        listed = [row["symbol"] for row in rows]
        gone = update(SymbolRule).where(SymbolRule.exchange == exchange, SymbolRule.symbol.not_in(listed))
        session.execute(gone.values(tradable=False))
        here = SymbolRule.exchange == exchange
        traded = update(SymbolRule).where(here, SymbolRule.tradable, SymbolRule.halted_at.is_not(None))
        session.execute(traded.values(halted_at=None))
        halted = update(SymbolRule).where(here, ~SymbolRule.tradable, SymbolRule.halted_at.is_(None))
        session.execute(halted.values(halted_at=now()))


def _row(exchange: str, rules: SymbolRules) -> dict[str, Any]:
    same = {name: value for name, value in asdict(rules).items() if name != "brackets"}
    return same | {
        "exchange": exchange,
        "leverage_brackets": brackets_as_json(rules.brackets),
        "max_leverage": None,  # not known before somebody's key has read the brackets
        "updated_at": now(),
    }


def brackets_as_json(brackets: Iterable[Bracket]) -> list[dict[str, Any]]:
    return [
        {name: format(value, "f") if isinstance(value, Decimal) else value for name, value in asdict(tier).items()}
        for tier in brackets
    ]


def _on_terms(view: RulesView, account: ExchangeApi, refresh: bool, deadline: Deadline) -> RulesView:
    """With the account's own brackets and fees; the public ones, marked stale, where its terms can't be read."""
    key = (account.id, view.rules.symbol)
    terms = _books().terms.get(key)
    stale = view.stale
    if terms is None or refresh or _is_old(terms.read_at):
        try:
            terms = _books().terms[key] = _read_terms(account, view, deadline)
        except (VenueUnavailable, VenueRefused):
            stale = True
    if terms is None:
        return replace(view, stale=stale)
    own = replace(view.rules, brackets=terms.brackets, maker_fee=terms.maker_fee, taker_fee=terms.taker_fee)
    return replace(view, rules=own, stale=stale)


def _read_terms(account: ExchangeApi, view: RulesView, deadline: Deadline) -> _Terms:
    symbol = view.rules.symbol
    api = account_api(account.exchange, credentials_of(account))
    brackets, fees = deadline.begin(lambda: api.brackets(symbol)), deadline.begin(lambda: api.commission(symbol))
    terms = _Terms(brackets(), *fees(), read_at=now())
    if terms.brackets != view.rules.brackets:
        _store_brackets(view, terms.brackets)
    return terms


def _store_brackets(view: RulesView, brackets: tuple[Bracket, ...]) -> None:
    rules = replace(view.rules, brackets=brackets)
    values = {"leverage_brackets": brackets_as_json(brackets), "max_leverage": rules.max_leverage}
    with Session.begin() as session:
        session.execute(
            update(SymbolRule)
            .where(SymbolRule.exchange == view.exchange, SymbolRule.symbol == rules.symbol)
            .values(**values)
        )
    known = _books().of_exchange.get(view.exchange, {})
    if rules.symbol in known:
        known[rules.symbol] = replace(known[rules.symbol], rules=replace(known[rules.symbol].rules, brackets=brackets))
