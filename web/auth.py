"""Who is asking: JWTs in the Authorization header, for every route of the API but those that hand them out."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask, Response, g, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    current_user,
    decode_token,
    get_jwt,
    verify_jwt_in_request,
)
from flask_jwt_extended.exceptions import NoAuthorizationError, WrongTokenError
from itsdangerous import BadSignature, URLSafeTimedSerializer

from core.clock import now
from core.config import settings
from core.db import Session
from core.models import RefreshToken, User
from core.users import user_of_session

ACCESS_MINUTES = 15
# These four look at tokens themselves.
PUBLIC = frozenset({"auth.register", "auth.login", "auth.refresh", "auth.logout"})
# A browser's EventSource can send no header: these two, which only read, take a cookie as well.
STREAMS = frozenset({"events.all", "events.one"})
COOKIE = "event_streams"


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
    if not request.path.startswith("/api/v1/") or not request.endpoint or request.endpoint in PUBLIC:
        return
    if request.endpoint in STREAMS and not request.authorization and COOKIE in request.cookies:
        g.visitor = _visitor_of(request.cookies[COOKIE])
    else:
        verify_jwt_in_request()
        g.visitor = Visitor(current_user.id, get_jwt()["family"])


def _load_user(_header: dict[str, Any], claims: dict[str, Any]) -> User | None:
    """Read from the database each time, so that a logout or a disabled user counts at once."""
    user_id, family = str(claims["sub"]), claims.get("family")
    if not user_id.isdecimal() or not isinstance(family, str):
        return None
    with Session.reading() as session:
        return user_of_session(session, int(user_id), family)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is asking, in which session."""

    user_id: int
    family: str


def visitor() -> Visitor:
    found: Visitor = g.visitor
    return found


def current_user_id() -> int:
    return visitor().user_id


def set_stream_cookie(answer: Response) -> Response:
    """Lets this browser open event streams, and nothing else, until an access token would end."""
    answer.set_cookie(
        COOKIE,
        _signer().dumps([visitor().user_id, visitor().family]),
        max_age=ACCESS_MINUTES * 60,
        path="/api/v1",
        httponly=True,
        secure=request.is_secure,
        samesite="Strict",
    )
    return answer


def _visitor_of(cookie: str) -> Visitor:
    """Raises NoAuthorizationError, as for a bad token."""
    try:
        user_id, family = _signer().loads(cookie, max_age=ACCESS_MINUTES * 60)
    except BadSignature:
        raise NoAuthorizationError("the cookie is not valid") from None
    with Session.reading() as session:
        if user_of_session(session, user_id, family) is None:
            raise NoAuthorizationError("the session has ended")
    return Visitor(user_id, family)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings().secret_key, salt="event streams")


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
