"""The verdict on a grid at the price of this moment. What it takes to know of the venue is asked first, within two
seconds and outside of any transaction."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session as OrmSession

from core.accounts import REMOVED, account_of
from core.config import settings
from core.db import Session
from core.deadline import Deadline
from core.domain.backing import Backing
from core.domain.guards import Range, Review, raise_for_errors, review
from core.domain.lines import resolve
from core.domain.parameters import Parameters
from core.domain.plan import Running, Warning
from core.domain.symbol_rules import SymbolRules
from core.errors import Conflict, Invalid, NotFound
from core.exchange import public_api
from core.models import ExchangeApi, GridStrategy
from core.strategies.parameters import merged
from core.strategies.surroundings import (
    AtVenue,
    Surroundings,
    ask,
    backing_of,
    margin_of_user,
    orders_of_user,
    surroundings,
)
from core.symbols import RulesView, rules_of

# How old a symbol's rules may be: it may have been halted a moment ago. A preview may follow each key that is pressed.
JUST_READ, READ_LATELY = timedelta(seconds=1), timedelta(minutes=1)


class NotAllowed(Invalid):
    """The guards' refusal, with the allowed range of every field."""

    def __init__(self, refused: Invalid, ranges: Mapping[str, Range]) -> None:
        super().__init__(refused.reason, refused.message, refused.fields)
        self.ranges = ranges


@dataclass(frozen=True, slots=True)
class Checked:
    """Parameters that passed the guards, `settled`: with the range and the number of cells that follow from them."""

    settled: Parameters
    rules: RulesView
    entry_price: Decimal
    review: Review
    around: Surroundings
    told: AtVenue | None
    backing: Backing | None

    @property
    def account(self) -> ExchangeApi | None:
        return self.around.account


@dataclass(frozen=True, slots=True)
class Stake:
    """What a grid that runs brings along to its own change: its cells, and the `margin` (quote) that it has in use."""

    running: Running
    margin: Decimal


@dataclass(frozen=True, slots=True)
class Ground:
    """What the verdict on any grid of one symbol rests on, of this moment."""

    rules: RulesView
    entry_price: Decimal
    around: Surroundings
    told: AtVenue | None

    @property
    def other_orders(self) -> int:
        """Live ones of the account on the symbol that are not this grid's."""
        return self.around.other_orders + len(orders_of_user(self.around, self.told, self.around.symbol))

    def free(self, leverage: int, stake: Stake | None = None) -> Decimal | None:
        """What may back a grid of this leverage, USDT; None without a key."""
        return _free(self.around, self.told, leverage, stake)

    def backing(self, *, leaves_position: bool) -> Backing | None:
        return backing_of(self.around, self.told, leaves_position=leaves_position)


def check(
    user_id: int,
    exchange: str,
    parameters: Parameters,
    *,
    needs_account: bool,
    strategy_id: int | None = None,
    stake: Stake | None = None,
    leaves_position: bool = True,
) -> Checked:
    """The guards' verdict at the price of this moment.

    `strategy_id` is the strategy that the parameters are for, if it exists, `stake` what it has if it runs;
    `leaves_position`: whether what it holds now stays beside its next run. Raises NotAllowed, Conflict,
    VenueUnavailable.
    """
    on = ground(user_id, exchange, parameters.symbol, needs_account=needs_account, strategy_id=strategy_id)
    rules, backing = on.rules.rules, on.backing(leaves_position=leaves_position and stake is None)
    verdict = review(
        parameters,
        rules,
        on.entry_price,
        on.free(parameters.leverage, stake),
        on.other_orders,
        on.around.symbol_use,
        running=None if stake is None else stake.running,
        backing=backing,
    )
    _raise_for_errors(verdict)
    verdict = replace(verdict, warnings=(*verdict.warnings, *_delisting(rules)))
    return Checked(resolve(parameters, rules), on.rules, on.entry_price, verdict, on.around, on.told, backing)


def _delisting(rules: SymbolRules) -> Iterator[Warning]:
    if rules.delists_at is not None:
        moment = f"{rules.delists_at:%Y-%m-%d %H:%M} UTC"
        message = f"{rules.symbol} is delisted at {moment}: the grid ends before that"
        yield Warning("delisting", message, {"delists_at": moment})


def ground(
    user_id: int,
    exchange: str,
    symbol: str,
    *,
    needs_account: bool,
    strategy_id: int | None = None,
) -> Ground:
    """Raises as `check` does, but for what is wrong with parameters."""
    with Session.reading() as session:
        around = surroundings(session, user_id, exchange, symbol, strategy_id)
    if around.account is None and needs_account:
        raise Conflict("no_exchange_key", f"There is no key for {exchange}: add one first.")
    deadline = Deadline()
    price = deadline.begin(lambda: public_api(exchange).last_price(symbol))
    asked = ask(around, deadline)
    rules = _rules(exchange, symbol, around.account, deadline, JUST_READ if needs_account else READ_LATELY)
    return Ground(rules, price(), around, asked())


def check_changes(
    user_id: int,
    row: GridStrategy,
    changes: Mapping[str, Any],
    stake: Stake | None = None,
    *,
    leaves_position: bool = True,
) -> Checked:
    """The verdict on a strategy's parameters with `changes`. Raises as `check` does, and Conflict (symbol_is_fixed)."""
    parameters = merged(row, changes)
    if row.generation > 0 and parameters.symbol != row.symbol:
        # The books of a strategy that has run are of one symbol.
        raise Conflict("symbol_is_fixed", f"The strategy has traded {row.symbol}: make another one for another symbol.")
    checked = check(
        user_id,
        row.exchange,
        parameters,
        needs_account=True,
        strategy_id=row.id,
        stake=stake,
        leaves_position=leaves_position,
    )
    if checked.account is None or checked.account.id != row.account_id:
        raise _key_is_gone(checked.account is not None)
    return checked


def require_key(session: OrmSession, row: GridStrategy) -> None:
    """Raises Conflict (no_exchange_key, another_account) where the key that the strategy was made with has been
    removed, and none of the same account has come in its place.

    Holds the key's row until the end of the transaction, so that it is not removed in between.
    """
    if session.get_one(ExchangeApi, row.account_id, with_for_update=True).status == REMOVED:
        raise _key_is_gone(account_of(session, row.user_id, row.exchange) is not None)


def _key_is_gone(has_another: bool) -> Conflict:
    if has_another:
        message = "The strategy has traded in another account of yours than the one that the present key is of"
        return Conflict("another_account", f"{message}: give a key of that one, or make another strategy.")
    return Conflict("no_exchange_key", "The key that this strategy was made with has been removed.")


def _rules(
    exchange: str, symbol: str, account: ExchangeApi | None, deadline: Deadline, kept_for: timedelta
) -> RulesView:
    try:
        return rules_of(exchange, symbol, account, deadline=deadline, kept_for=kept_for)
    except NotFound as unknown:
        if unknown.reason != "unknown_symbol":
            raise
        raise Invalid(unknown.reason, unknown.message, {"symbol": [unknown.message]}) from None


def _free(around: Surroundings, told: AtVenue | None, leverage: int, stake: Stake | None) -> Decimal | None:
    """What may back a grid, USDT: also when every order of the others fills, the user's own among them."""
    if told is None:
        return None
    wallet, available = told.balance.wallet_balance, told.balance.available_balance
    left = max(Decimal(0), wallet - around.committed - margin_of_user(around, told, leverage))
    if stake is not None:
        return min(available + stake.margin, left)
    return left if around.has_orders else min(available, left)


def _raise_for_errors(verdict: Review) -> None:
    try:
        raise_for_errors(verdict)
        if settings().refuse_liquidation_inside_range:
            _refuse_liquidation(verdict)
    except Invalid as refused:
        raise NotAllowed(refused, verdict.ranges) from None


def _refuse_liquidation(verdict: Review) -> None:
    for warning in verdict.warnings:
        if warning.code == "liquidation_inside_range":
            raise Invalid(warning.code, warning.message, {"leverage": [warning.message]})
