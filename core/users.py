"""Users and their sessions: a family of refresh tokens, of which each is used once."""

import uuid
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.clock import now
from core.errors import Conflict
from core.models import Event, RefreshToken, User

SESSION_DAYS = 30


def require_free(session: Session, email: str) -> None:
    """Raises Conflict (email_taken)."""
    if user_by_email(session, email) is not None:
        raise _email_taken()


def register(session: Session, email: str, password_hash: str) -> User:
    """Raises Conflict (email_taken)."""
    user = User(email=email, password_hash=password_hash)
    session.add(user)
    try:
        session.flush()
    except IntegrityError:
        raise _email_taken() from None
    return user


def _email_taken() -> Conflict:
    return Conflict("email_taken", "A user with this email exists.")


def user_by_email(session: Session, email: str) -> User | None:
    return session.scalars(select(User).where(User.email == email)).one_or_none()


def user_of_session(session: Session, user_id: int, family: str) -> User | None:
    """The user while active and while nobody has ended this session, else None."""
    ended = select(RefreshToken.jti).where(RefreshToken.family == family, RefreshToken.revoked_at.is_not(None))
    return session.scalars(select(User).where(User.id == user_id, User.is_active, ~ended.exists())).one_or_none()


def log_in(session: Session, user_id: int) -> RefreshToken:
    """Begins a session."""
    session.add(Event(user_id=user_id, level="INFO", code="logged_in", message="Logged in."))
    return _next_token(session, user_id, uuid.uuid4().hex)


def renew(session: Session, jti: str) -> RefreshToken | None:
    """The successor of a refresh token; None where it had been used or its session ended: the session ends now.

    Whoever uses a token for the second time may have stolen it, or been stolen from: nobody can tell which.
    """
    moment = now()
    taken = session.execute(
        update(RefreshToken)
        .where(
            RefreshToken.jti == jti,
            RefreshToken.used_at.is_(None),
            RefreshToken.revoked_at.is_(None),
            RefreshToken.expires_at > moment,
        )
        .values(used_at=moment)
        .returning(RefreshToken.user_id, RefreshToken.family)
    ).one_or_none()
    if taken is not None:
        return _next_token(session, taken.user_id, taken.family)
    _end_session_of(session, jti)
    return None


def _next_token(session: Session, user_id: int, family: str) -> RefreshToken:
    expires = now() + timedelta(days=SESSION_DAYS)
    token = RefreshToken(jti=uuid.uuid4().hex, user_id=user_id, family=family, expires_at=expires)
    session.add(token)
    return token


def _end_session_of(session: Session, jti: str) -> None:
    token = session.get(RefreshToken, jti)
    if token is None:
        return
    log_out(session, token.family)
    text = "A refresh token was used twice; its session was ended."
    session.add(Event(user_id=token.user_id, level="WARNING", code="token_reused", message=text))


def log_out(session: Session, family: str) -> None:
    """Ends a session: no token of the family is good any more."""
    session.execute(
        update(RefreshToken)
        .where(RefreshToken.family == family, RefreshToken.revoked_at.is_(None))
        .values(revoked_at=now())
    )
