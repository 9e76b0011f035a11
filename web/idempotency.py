"""Idempotency-Key: the same request sent twice is done once, and answered twice the same.

The key is claimed before the work begins; the answer is stored in the transaction that does the work (`keep`). So a
crash leaves either both or neither, and a claim without an answer, once its holder must be gone, may be taken over.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, g, jsonify, request
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as OrmSession

from core.clock import now
from core.db import Session
from core.errors import Conflict, Invalid
from core.models import IdempotencyKey
from web.auth import current_user_id

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(hours=24)
# Longer than any request takes.
_HOLDER_IS_GONE_AFTER = timedelta(seconds=30)

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class _Claim:
    """`made_at` is the fence: whoever takes the claim over changes it."""

    row_id: int
    made_at: datetime


def idempotent(view: View) -> View:
    """For POSTs that trade; the view calls `keep` in its transaction."""

    @wraps(view)
    def once(*args: Any, **kwargs: Any) -> Any:
        key = request.headers.get(HEADER)
        if key is None:
            return view(*args, **kwargs)
        claim = _claim(_checked(key), _fingerprint())
        if isinstance(claim, Response):
            return claim
        g.idempotency_claim = claim
        try:
            return view(*args, **kwargs)
        except Exception:
            _give_up(claim)
            raise

    return cast(View, once)


def keep(session: OrmSession, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
    """Stores the answer in the transaction of the work it tells of. Raises Conflict (in_progress) where the claim was
    taken over meanwhile, so that the work is undone."""
    claim: _Claim | None = g.get("idempotency_claim")
    if claim is None:
        return
    stored = session.execute(
        update(IdempotencyKey)
        .where(
            IdempotencyKey.id == claim.row_id,
            IdempotencyKey.status.is_(None),
            IdempotencyKey.created_at == claim.made_at,
        )
        .values(status=status, body={"json": body, "headers": headers or {}})
        .returning(IdempotencyKey.id)
    ).first()
    if stored is None:
        raise _in_progress()


def _checked(key: str) -> str:
    if not 1 <= len(key) <= 255 or not key.isprintable() or not key.isascii():
        text = f"{HEADER} must be 1 to 255 printable ASCII characters."
        raise Invalid("idempotency_key_invalid", text)
    return key


def _fingerprint() -> str:
    """Of what is asked: another body under the same key is another request."""
    asked = f"{request.method} {request.full_path}\n".encode() + request.get_data(cache=True)
    return hashlib.sha256(asked).hexdigest()


def _claim(key: str, fingerprint: str) -> _Claim | Response:
    """The right to do the work, or the answer of who did it. Raises Conflict, Invalid."""
    user_id, moment = current_user_id(), now()
    try:
        with Session.begin() as session:
            _forget_old(session, user_id, moment)
            row = IdempotencyKey(user_id=user_id, key=key, request_hash=fingerprint, created_at=moment)
            session.add(row)
        return _Claim(row.id, moment)
    except IntegrityError:
        return _second(user_id, key, fingerprint, moment)


def _second(user_id: int, key: str, fingerprint: str, moment: datetime) -> _Claim | Response:
    with Session.begin() as session:
        row = session.query(IdempotencyKey).filter_by(user_id=user_id, key=key).with_for_update().one_or_none()
        if row is not None and row.request_hash != fingerprint:
            raise Invalid("idempotency_mismatch", f"This {HEADER} was used for another request.")
        if row is None or (row.status is None and moment - row.created_at < _HOLDER_IS_GONE_AFTER):
            raise _in_progress()
        if row.status is None:
            row.created_at = moment
            return _Claim(row.id, moment)
    return _again(row)


def _again(row: IdempotencyKey) -> Response:
    stored = row.body or {}
    answer = jsonify(stored["json"])
    answer.status_code = row.status or 200
    answer.headers.update({**stored["headers"], "Idempotent-Replayed": "true"})
    return answer


def _in_progress() -> Conflict:
    return Conflict("in_progress", f"A request with this {HEADER} is being worked on.")


def _give_up(claim: _Claim) -> None:
    """Nothing was done, so the key is free again."""
    with Session.begin() as session:
        mine = (IdempotencyKey.id == claim.row_id) & (IdempotencyKey.created_at == claim.made_at)
        session.execute(delete(IdempotencyKey).where(mine, IdempotencyKey.status.is_(None)))


def _forget_old(session: OrmSession, user_id: int, moment: datetime) -> None:
    old = (IdempotencyKey.user_id == user_id) & (IdempotencyKey.created_at < moment - KEPT_FOR)
    session.execute(delete(IdempotencyKey).where(old))
