"""Forecasts and suggestions as users ask for them: judged by creation's guards, from the candles that are stored,
computed in a process of its own, and kept for whoever asks the same again.
"""

import hashlib
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import orjson

from core import bus
from core.candles import loading, store
from core.candles.store import DAY_MS, MINUTE_MS, StoredDay
from core.clock import monotonic, now_ms, sleep
from core.config import settings
from core.db import Session
from core.domain.lifecycle import CHANGEABLE
from core.domain.lines import resolve
from core.domain.parameters import GridType, Parameters
from core.errors import Conflict, Invalid, Refused
from core.forecast.calculator import calculator
from core.forecast.funding import funding_of
from core.forecast.questions import (
    LEAST_TO_FORECAST,
    LEAST_TO_SUGGEST,
    LEVERAGES,
    ForecastQuestion,
    Funding,
    SuggestQuestion,
)
from core.models import GridStrategy, Operation
from core.strategies import proposals, verdict
from core.strategies.parameters import parameters_of
from core.strategies.reading import own
from core.strategies.verdict import Ground
from core.symbols import rules_of

KEPT_S = 900
_STALE_MS = 15 * MINUTE_MS
_WAIT_S = 4.0  # for the first candles of a symbol that nobody has asked about
_SAME_PRICE = Decimal("0.001")


def loading_needed(user_id: int, exchange: str, symbol: str, days: int) -> Operation | None:
    """The operation that loads what is missing of the last `days` days, to be rung; None where nothing is.

    Raises NotFound (unknown_symbol).
    """
    rules_of(exchange, symbol)
    today = now_ms() // DAY_MS
    with Session.begin() as session:
        unsettled = store.unsettled(session, exchange, symbol, range(today, today - days, -1))
        if unsettled == [today] and store.missing(session, exchange, symbol, today, now_ms() - _STALE_MS) is None:
            return None
        return loading.request(session, user_id, exchange, symbol, days)


def forecast(
    user_id: int, exchange: str, parameters: Parameters, *, window_days: int, horizon_days: int, is_loading: bool
) -> dict[str, Any]:
    """Of a grid that creation would take. Raises Invalid (also too_little_history), Conflict and Unavailable."""
    calculator("forecast").begin()
    checked = verdict.check(user_id, exchange, parameters, needs_account=False)
    days = _history(exchange, parameters.symbol, window_days, LEAST_TO_FORECAST, is_loading)
    rules = checked.rules.rules
    funding = funding_of(exchange, parameters.symbol)
    question = ForecastQuestion(parameters, rules, rules.round_price(checked.entry_price), days, horizon_days, funding)
    known = repr((parameters, rules, horizon_days, funding))
    return _asked("forecast", exchange, known, days, question.entry_price, question)


def suggest(
    user_id: int,
    exchange: str,
    wanted: Parameters,
    leverage: int | None,
    aim: str,
    *,
    window_days: int,
    is_loading: bool,
) -> dict[str, Any]:
    """For a new grid. Raises as `forecast` does."""
    calculator("suggest").begin()
    on = verdict.ground(user_id, exchange, wanted.symbol, needs_account=False)
    days = _history(exchange, wanted.symbol, window_days, LEAST_TO_SUGGEST, is_loading)
    funding = funding_of(exchange, wanted.symbol)
    return _suggested(exchange, _question(wanted, leverage, aim, on, days, funding))


def running(user_id: int, exchange: str, strategy_id: int) -> GridStrategy:
    """Raises NotFound and Conflict (bad_state)."""
    with Session.reading() as session:
        row = own(session, user_id, exchange, strategy_id)
    if row.status not in CHANGEABLE:
        raise Conflict("bad_state", f"The strategy is {row.status}: only a grid that runs can be changed.")
    return row


def suggest_change(
    row: GridStrategy, aim: str, *, window_days: int, is_loading: bool
) -> tuple[dict[str, Any], proposals.Proposal | None]:
    """For a grid that runs: whether another one would have done better lately, and then the plan of the change.

    Raises as `forecast` does.
    """
    calculator("suggest").begin()
    on = verdict.ground(row.user_id, row.exchange, row.symbol, needs_account=True, strategy_id=row.id)
    days = _history(row.exchange, row.symbol, window_days, LEAST_TO_SUGGEST, is_loading)
    now, funding = resolve(parameters_of(row), on.rules.rules), funding_of(row.exchange, row.symbol)
    answer = _suggested(row.exchange, _question(now, row.leverage, aim, on, days, funding, runs=True))
    if answer["better"] is None:
        return answer, None
    changes = changes_of(answer["sets"][answer["better"]])
    try:
        return answer, proposals.propose(row.user_id, row.exchange, row.id, changes)
    except Refused as refused:
        return {**answer, "refused": refused.message}, None


def changes_of(suggested: Mapping[str, Any]) -> dict[str, Any]:
    """A suggested set as an update takes it."""
    shape = suggested["parameters"]
    return {
        "grid_type": GridType(shape["grid_type"]),
        "lower_price": Decimal(shape["lower_price"]),
        "upper_price": Decimal(shape["upper_price"]),
        "grid_number": shape["grid_number"],
        "leverage": shape["leverage"],
    }


def _question(  # noqa: PLR0917 - what is asked, and what it rests on
    wanted: Parameters,
    leverage: int | None,
    aim: str,
    on: Ground,
    days: tuple[StoredDay, ...],
    funding: Funding | None,
    *,
    runs: bool = False,
) -> SuggestQuestion:
    """What a grid that runs needs of the balance it has already: the plan of its change asks for the rest."""
    rules = on.rules.rules
    leverages = LEVERAGES[aim] if leverage is None else (leverage,)
    free = {} if runs else {one: on.free(one) for one in leverages}
    return SuggestQuestion(
        wanted=wanted,
        leverage=leverage,
        aim=aim,
        rules=rules,
        entry_price=rules.round_price(on.entry_price),
        days=days,
        funding=funding,
        free={one: amount for one, amount in free.items() if amount is not None},
        other_orders=on.other_orders,
        symbol_use=on.around.symbol_use,
        backing=on.backing(leaves_position=not runs),
        refuses_liquidation_inside=settings().refuse_liquidation_inside_range,
        runs=runs,
    )


def _suggested(exchange: str, question: SuggestQuestion) -> dict[str, Any]:
    """Balances move with every mark: an answer is the same as long as they allow the same."""
    is_affordable = {one: amount >= question.wanted.total_investment for one, amount in question.free.items()}
    around = (question.rules, question.funding, question.other_orders, question.symbol_use)
    known = repr((question.wanted, question.leverage, question.aim, around, is_affordable))
    return _asked("suggest", exchange, known, question.days, question.entry_price, question)


def _history(exchange: str, symbol: str, days: int, least: int, is_loading: bool) -> tuple[StoredDay, ...]:
    """The newest `days` days that are stored; waits a little where too few are there and more are being loaded.

    Raises Invalid (too_little_history).
    """
    ends = monotonic() + (_WAIT_S if is_loading else 0.0)
    while True:
        with Session.reading() as session:
            found = store.stored(session, exchange, symbol, days)
        have = sum(day.count for day in found)
        if have >= least:
            return tuple(found)
        if monotonic() >= ends:
            break
        sleep(0.05)
    more = "; more are being loaded, ask again" if is_loading else ""
    message = f"There are {have} candles of one minute of {symbol}, {least} are needed{more}."
    raise Invalid("too_little_history", message, {"symbol": [message]})


def _asked(  # noqa: PLR0917 - a question, and what makes it the same as another
    kind: str, exchange: str, known: str, days: tuple[StoredDay, ...], price: Decimal, question: Any
) -> dict[str, Any]:
    past = [(day.day, day.count) for day in days]
    key = hashlib.sha256(repr((kind, exchange, known, past)).encode()).hexdigest()
    return _kept(key, price, lambda: calculator(kind).ask(question))


def _kept(key: str, price: Decimal, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """An earlier answer, if the price is about what it was then."""
    kept = bus.kept_answer(key)
    if kept is not None:
        answer: dict[str, Any] = orjson.loads(kept)
        before = Decimal(answer["entry_price"])
        if abs(price - before) <= before * _SAME_PRICE:
            return answer
    answer = compute()
    bus.keep_answer(key, orjson.dumps(answer), KEPT_S)
    return answer
