"""Who is asking: JWTs in the Authorization header, for every route of the API but those that hand them out."""

from datetime import timedelta
from typing import Any

from flask import Flask, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    current_user,
    decode_token,
    verify_jwt_in_request,
)
from flask_jwt_extended.exceptions import NoAuthorizationError, WrongTokenError

from core.clock import now
from core.config import settings
from core.db import Session
from core.models import RefreshToken, User
from core.users import user_of_session

ACCESS_MINUTES = 15
# These four look at tokens themselves.
PUBLIC = frozenset({"auth.register", "auth.login", "auth.refresh", "auth.logout"})


def init_app(app: Flask) -> None:
    app.config.update(
        JWT_SECRET_KEY=settings().secret_key,
        JWT_TOKEN_LOCATION=["headers"],
        JWT_CSRF_METHODS=[],  # nothing is sent by a browser on its own
        JWT_ALGORITHM="HS256",
        JWT_DECODE_ALGORITHMS=["HS256"],
        JWT_ENCODE_ISSUER="gridkeeper",
        JWT_DECODE_ISSUER="gridkeeper",
        JWT_ACCESS_TOKEN_EXPIRES=timedelta(minutes=ACCESS_MINUTES),
    )
    manager = JWTManager(app)
    manager.user_lookup_loader(_load_user)
    app.before_request(_require_login)


def _require_login() -> None:
    if request.path.startswith("/api/v1/") and request.endpoint and request.endpoint not in PUBLIC:
        verify_jwt_in_request()


def _load_user(_header: dict[str, Any], claims: dict[str, Any]) -> User | None:
    """Read from the database each time, so that a logout or a disabled user counts at once."""
    user_id, family = str(claims["sub"]), claims.get("family")
    if not user_id.isdecimal() or not isinstance(family, str):
        return None
    with Session.reading() as session:
        return user_of_session(session, int(user_id), family)


def current_user_id() -> int:
    user: User = current_user
    return user.id


def tokens_of(token: RefreshToken) -> dict[str, Any]:
    """The pair of tokens that stands for a session's newest refresh token."""
    claims = {"family": token.family}
    return {
        "access_token": create_access_token(str(token.user_id), additional_claims=claims),
        "refresh_token": create_refresh_token(
            str(token.user_id),
            additional_claims={**claims, "jti": token.jti},
            expires_delta=token.expires_at - now(),
        ),
        "token_type": "Bearer",
        "expires_in": ACCESS_MINUTES * 60,
    }


def presented_claims(body_token: str | None, *, refresh_only: bool) -> dict[str, Any]:
    """The claims of the token in the body, or else in the header; whether its session has ended is not looked at.

    Raises what the handlers of bad tokens know.
    """
    claims: dict[str, Any] = decode_token(body_token or _header_token())
    if refresh_only and claims["type"] != "refresh":
        raise WrongTokenError("Only refresh tokens are allowed")
    return claims


def _header_token() -> str:
    sent = request.authorization
    if sent is None or sent.type != "bearer" or not sent.token:
        raise NoAuthorizationError("no token was sent")
    return sent.token
