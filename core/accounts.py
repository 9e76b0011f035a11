"""Exchange accounts: a user's keys on an exchange, checked before they are kept, and never shown again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as OrmSession

from core import bus
from core.clock import from_ms, now, now_ms
from core.credentials import place_of
from core.db import Session
from core.deadline import Deadline
from core.domain.lifecycle import ACTIVE, FinishReason, StrategyStatus, move
from core.domain.order import OrderStatus
from core.errors import Conflict, Invalid, NotFound, VenueRefused
from core.exchange import VENUES, Credentials, account_api, key_type_of
from core.exchange.paper_account import open_paper_account
from core.models import Event, ExchangeApi, GridOrder, GridStrategy, Switch
from core.vault import Secret, encrypt, fingerprint, mask

REMOVED = "REMOVED"
LISTENER_SILENT_AFTER_MS = 10_000
_REFUSED_MODES: Mapping[str, tuple[str, str]] = {
    "hedge_mode": (
        "hedge_mode",
        "The account is in hedge mode. Switch it to one-way mode at the exchange (it applies to COIN-M too).",
    ),
    "multi_assets_mode": (
        "multi_assets_mode",
        "The account is in multi-assets mode. Switch it to single-asset mode at the exchange.",
    ),
    "can_withdraw": (
        "key_has_withdraw",
        "The key may withdraw. Make one that may only read and trade futures, best tied to your addresses.",
    ),
}


@dataclass(frozen=True, slots=True)
class Connection:
    """How an account is connected now. `listener`: UP, DOWN, or NOT_NEEDED while no strategy runs.

    `stream_age_ms`: since the user stream last said anything, None where it has not.
    """

    account: ExchangeApi
    listener: str
    stream_connected_at: datetime | None
    stream_age_ms: int | None

    @property
    def trading_answered_at(self) -> datetime | None:
        """When the venue last answered an order or cancel over the account's trading connection."""
        moment = bus.last_trading_ms(self.account.id)
        return None if moment is None else from_ms(moment)


def add_key(user_id: int, exchange: str, api_key: str, api_secret: str, label: str) -> ExchangeApi:
    """Checks the key at the venue and keeps it.

    Raises Invalid (unknown_exchange, key_invalid, hedge_mode, multi_assets_mode, key_has_withdraw), Conflict
    (exchange_key_exists, key_in_use), VenueUnavailable.
    """
    if exchange not in VENUES:
        raise _invalid("unknown_exchange", "exchange", f"Must be one of: {', '.join(VENUES)}.")
    _require_no_key(user_id, exchange)
    credentials = Credentials(
        # Nobody's place: these two are for this check only.
        api_key=Secret(encrypt(api_key, "new:api_key"), "new:api_key"),
        api_secret=Secret(encrypt(api_secret, "new:api_secret"), "new:api_secret"),
        key_type=key_type_of(api_secret),
    )
    _check_at_venue(exchange, credentials)
    earlier = _earlier(user_id, exchange, credentials)
    with Session.begin() as session:
        row = ExchangeApi(user_id=user_id)
        if earlier is not None:
            row = session.get_one(ExchangeApi, earlier, with_for_update=True)
        return _keep(session, row, exchange, api_key=api_key, api_secret=api_secret, label=label)


def _earlier(user_id: int, exchange: str, credentials: Credentials) -> int | None:
    """The user's account whose key was removed and that this is another key of: the venue shows it an order of that
    account, which it shows to nobody else. Its row lives on, with all that is in its books."""
    with Session.reading() as session:
        proofs = {account.id: _proofs(session, account.id) for account in _removed(session, user_id, exchange)}
    api, deadline = account_api(exchange, credentials), Deadline()
    for account_id, orders in proofs.items():
        for symbol, order_id, client_order_id in orders:
            asked = partial(api.order_by_id, symbol, order_id)
            found = deadline.read(asked)
            if found is not None and found.client_order_id == client_order_id:
                return account_id
    return None


def _removed(session: OrmSession, user_id: int, exchange: str) -> Sequence[ExchangeApi]:
    """Latest first."""
    gone = ExchangeApi.user_id == user_id, ExchangeApi.status == REMOVED
    named = ExchangeApi.exchange.startswith(f"{exchange}:removed:", autoescape=True)
    return session.scalars(select(ExchangeApi).where(*gone, named).order_by(ExchangeApi.id.desc())).all()


def _proofs(session: OrmSession, account_id: int) -> list[tuple[str, str, str]]:
    """(symbol, order id, client order id) of its latest orders: of one that filled, which the venue keeps longest, and
    of any."""
    latest = (
        select(GridOrder.symbol, GridOrder.order_id, GridOrder.client_order_id)
        .where(GridOrder.account_id == account_id, GridOrder.order_id.is_not(None), GridOrder.order_id != "")
        .order_by(GridOrder.id.desc())
        .limit(1)
    )
    rows = [*session.execute(latest.where(GridOrder.status == OrderStatus.FILLED)), *session.execute(latest)]
    return [(row.symbol, row.order_id, row.client_order_id) for row in rows]


def open_account(user_id: int, label: str) -> ExchangeApi:
    """A new account at the simulated exchange. Raises Conflict (exchange_key_exists), VenueUnavailable."""
    _require_no_key(user_id, "paper")
    made = Deadline().read(open_paper_account)
    with Session.begin() as session:
        return _keep(
            session,
            ExchangeApi(user_id=user_id),
            "paper",
            api_key=made.api_key,
            api_secret=made.api_secret,
            label=label,
        )


def account_of(session: OrmSession, user_id: int, exchange: str) -> ExchangeApi | None:
    """The user's account on an exchange, if there is one."""
    owned = select(ExchangeApi).where(ExchangeApi.user_id == user_id, ExchangeApi.exchange == exchange)
    return session.scalars(owned).one_or_none()


def accounts_of(session: OrmSession, user_id: int) -> list[ExchangeApi]:
    """Oldest first."""
    owned = select(ExchangeApi).where(ExchangeApi.user_id == user_id, ExchangeApi.status != REMOVED)
    return list(session.scalars(owned.order_by(ExchangeApi.id)))


def remove(session: OrmSession, user_id: int, account_id: int) -> None:
    """Destroys the key. The row stays for the books of ended strategies. Raises NotFound, Conflict."""
    owned = select(ExchangeApi).where(
        ExchangeApi.id == account_id, ExchangeApi.user_id == user_id, ExchangeApi.status != REMOVED
    )
    account = session.scalars(owned.with_for_update()).one_or_none()
    if account is None:
        raise NotFound("no_such_key", "There is no such exchange key.")
    active = select(GridStrategy).where(GridStrategy.account_id == account.id, GridStrategy.status.in_(ACTIVE))
    running = session.scalars(active.with_for_update()).all()
    if any(strategy.finish_reason != FinishReason.KEY_REVOKED for strategy in running):
        raise Conflict("strategies_running", "Strategies run with this key: stop them first.")
    for strategy in running:
        _give_up(session, account, strategy)
    _record(session, account, "exchange_key_removed", f"The key for {account.exchange} was removed.")
    account.api_key = account.api_secret = ""
    account.status = REMOVED
    account.reconcile_due_at = None
    # One key per user and exchange, and per fingerprint: both places are free again.
    account.exchange = f"{account.exchange}:removed:{account.id}"
    account.api_key_fingerprint = f"removed:{account.id}"


def _give_up(session: OrmSession, account: ExchangeApi, strategy: GridStrategy) -> None:
    """Ends a strategy that waits for its revoked key to be taken again: its user has decided that it won't be."""
    strategy.status = move(StrategyStatus.STOPPING, StrategyStatus.FINISHED)
    strategy.stopped_at, strategy.waiting_for = now(), ""
    text = f"Strategy {strategy.id} has ended without its key: look for its orders on {strategy.symbol} at the exchange"
    session.add(
        Event(
            user_id=account.user_id,
            strategy_id=strategy.id,
            account_id=account.id,
            level="ALARM",
            code="left_at_exchange",
            message=f"{text}, and for a position of {strategy.position}.",
            data={"position": format(strategy.position, "f")},
        )
    )


def connections_of(session: OrmSession, user_id: int) -> list[Connection]:
    return [connection_of(session, account) for account in accounts_of(session, user_id)]


def connection_of(session: OrmSession, account: ExchangeApi) -> Connection:
    """As the account's listener last told."""
    active = select(GridStrategy.id).where(GridStrategy.account_id == account.id, GridStrategy.status.in_(ACTIVE))
    if session.scalars(active.limit(1)).first() is None:
        return Connection(account, "NOT_NEEDED", None, None)
    told = bus.stream_state(account.id)
    if told is None or now_ms() - told["seen_at"] > LISTENER_SILENT_AFTER_MS:
        return Connection(account, "DOWN", None, None)
    heard = told["event_at"]
    age = None if heard is None else max(0, now_ms() - heard)
    return Connection(account, "UP", from_ms(told["connected_at"]), age)


def _require_no_key(user_id: int, exchange: str) -> None:
    with Session.reading() as session:
        if account_of(session, user_id, exchange) is not None:
            raise _exists(exchange)


def _exists(exchange: str) -> Conflict:
    return Conflict("exchange_key_exists", f"There is a key for {exchange} already: remove it first.")


def _check_at_venue(exchange: str, credentials: Credentials) -> None:
    try:
        mode = Deadline().read(account_api(exchange, credentials).check_key)
    except VenueRefused as refused:
        text = f"The exchange refused the key: {refused.message} ({refused.code})."
        raise _invalid("key_invalid", "api_key", text) from None
    for name, (reason, text) in _REFUSED_MODES.items():
        if getattr(mode, name):
            raise _invalid(reason, "api_key", text)


def _invalid(reason: str, field: str, text: str) -> Invalid:
    return Invalid(reason, text, {field: [text]})


def _keep(
    session: OrmSession, row: ExchangeApi, exchange: str, *, api_key: str, api_secret: str, label: str
) -> ExchangeApi:
    """In a new row, or in that of the same account."""
    digest = fingerprint(f"{exchange}:{api_key}")
    if session.scalars(select(ExchangeApi.id).where(ExchangeApi.api_key_fingerprint == digest)).first() is not None:
        raise Conflict("key_in_use", "This key is in use already.")
    is_halted = session.get(Switch, f"key:{row.id}") is not None  # until the account has been read
    row.status, row.reconcile_due_at = "KEY_INVALID" if is_halted else "OK", now()
    row.refused_since = row.unreachable_since = None
    row.exchange, row.label, row.key_type = exchange, label, key_type_of(api_secret)
    row.api_key = row.api_secret = ""
    row.api_key_masked, row.api_key_fingerprint = mask(api_key), digest
    session.add(row)
    try:
        session.flush()
    except IntegrityError:
        raise _exists(exchange) from None
    # A ciphertext is bound to its row, so the row comes first.
    row.api_key = encrypt(api_key, place_of(row.id, "api_key"))
    row.api_secret = encrypt(api_secret, place_of(row.id, "api_secret"))
    _take_over(session, row)
    _record(session, row, "exchange_key_added", f"A key for {exchange} was added.")
    return row


def _take_over(session: OrmSession, row: ExchangeApi) -> None:
    """Strategies that have never run can run in any account of their user's."""
    session.execute(
        update(GridStrategy)
        .where(
            GridStrategy.user_id == row.user_id,
            GridStrategy.exchange == row.exchange,
            GridStrategy.generation == 0,
            GridStrategy.status.not_in(ACTIVE),
        )
        .values(account_id=row.id)
    )


def _record(session: OrmSession, account: ExchangeApi, code: str, message: str) -> None:
    session.add(Event(user_id=account.user_id, account_id=account.id, level="INFO", code=code, message=message))
