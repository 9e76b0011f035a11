"""A user's kill switch for an account: nothing new is opened while it is thrown."""

from typing import Any

from core.accounts import account_of
from core.db import Session
from core.errors import NeedsPassword, NotFound
from core.models import ExchangeApi, User
from core.passwords import is_right
from core.strategies.halting import Halt, halt, halt_of, resume
from web.auth import current_user_id
from web.blueprint import Blueprint
from web.schemas.kill_switch import HaltSchema, KillSwitchSchema
from web.throttling import FAILED_LOGINS_PER_ADDRESS, has_failed, limiter

blp = Blueprint("kill_switch", __name__, url_prefix="/api/v1/kill-switch", description="Stop opening anything, at once")


@blp.route("/<exchange:exchange>", methods=["GET"], endpoint="get")
@blp.response(200, HaltSchema)
def show(exchange: str) -> Halt:
    """Whether trading is halted on an account, and by what"""
    with Session.reading() as session:
        return halt_of(session, _account(session, exchange))


@blp.route("/<exchange:exchange>", methods=["POST"], endpoint="set")
@blp.arguments(KillSwitchSchema)
@blp.response(200, HaltSchema)
@limiter.limit(FAILED_LOGINS_PER_ADDRESS, deduct_when=has_failed)
def switch(body: dict[str, Any], exchange: str) -> Halt:
    """Throw the kill switch, or release it with your password

    While it is thrown nothing new is opened. What rests at the exchange stays, stops and closes go on.
    """
    if not body["halted"]:
        _require_password(body["password"])
    with Session.begin() as session:
        account = _account(session, exchange)
        if body["halted"]:
            halt(session, account, body["reason"])
        else:
            resume(session, account)
        return halt_of(session, account)


def _account(session: Any, exchange: str) -> ExchangeApi:
    account = account_of(session, current_user_id(), exchange)
    if account is None:
        raise NotFound("no_exchange_key", f"There is no key for {exchange}.")
    return account


def _require_password(password: str | None) -> None:
    with Session.reading() as session:
        user = session.get_one(User, current_user_id())
    if password is None or not is_right(user.password_hash, password):
        raise NeedsPassword("step_up_required", "Releasing the kill switch needs your password.")
