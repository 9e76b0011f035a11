"""Registration, login, renewal of tokens, logout."""

from typing import Any

from core.db import Session
from core.errors import Unauthorized
from core.models import User
from core.passwords import check_strength, hash_password, is_right
from core.users import log_in, log_out, register, renew, require_free, user_by_email
from web import throttling
from web.auth import presented_claims, tokens_of
from web.blueprint import Blueprint
from web.schemas.auth import CredentialsSchema, RefreshSchema, TokensSchema, UserSchema
from web.throttling import limiter

blp = Blueprint("auth", __name__, url_prefix="/api/v1/auth", description="Users and their sessions")


@blp.route("/register", methods=["POST"], endpoint="register")
@blp.arguments(CredentialsSchema)
@blp.response(201, UserSchema)
@blp.doc(security=[])
@limiter.limit(throttling.REGISTRATIONS_PER_ADDRESS)
def register_user(body: dict[str, str]) -> User:
    """Register a user"""
    check_strength(body["password"], body["email"])
    with Session.reading() as session:
        require_free(session, body["email"])  # before the slow part, which a database that is away makes pointless
    password_hash = hash_password(body["password"])
    with Session.begin() as session:
        return register(session, body["email"], password_hash)


@blp.route("/login", methods=["POST"])
@blp.arguments(CredentialsSchema)
@blp.response(200, TokensSchema)
@blp.doc(security=[])
@limiter.limit(throttling.FAILED_LOGINS_PER_ACCOUNT, key_func=throttling.account, deduct_when=throttling.has_failed)
@limiter.limit(throttling.FAILED_LOGINS_PER_ADDRESS, deduct_when=throttling.has_failed)
def login(body: dict[str, str]) -> dict[str, Any]:
    """Log in"""
    with Session.reading() as session:
        user = user_by_email(session, body["email"])
    right = is_right(user.password_hash if user else None, body["password"])
    if user is None or not right or not user.is_active:
        raise Unauthorized("wrong_credentials", "The email or the password is wrong.")
    with Session.begin() as session:
        return tokens_of(log_in(session, user.id))


@blp.route("/refresh", methods=["POST"])
@blp.arguments(RefreshSchema, required=False)
@blp.response(200, TokensSchema)
@blp.doc(security=[{"bearerAuth": []}, {}])  # or the token in the body
def refresh(body: dict[str, str]) -> dict[str, Any]:
    """Exchange a refresh token for a new pair

    Each refresh token is good once. Using one again ends its session.
    """
    claims = presented_claims(body.get("refresh_token"), refresh_only=True)
    with Session.begin() as session:
        token = renew(session, claims["jti"])
    if token is None:
        raise Unauthorized("token_reused", "This refresh token was used before; log in again.")
    return tokens_of(token)


@blp.route("/logout", methods=["POST"])
@blp.arguments(RefreshSchema, required=False)
@blp.response(204)
@blp.doc(security=[{"bearerAuth": []}, {}])  # or the token in the body
def logout(body: dict[str, str]) -> None:
    """End the session that a token belongs to"""
    claims = presented_claims(body.get("refresh_token"), refresh_only=False)
    with Session.begin() as session:
        log_out(session, claims["family"])
