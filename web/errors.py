"""One shape for every error: `{code, status, message, errors?, reason?}`, and the one table from our errors to HTTP."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import marshmallow as ma
import structlog
from flask import Flask, Response, g, jsonify
from flask_limiter.errors import RateLimitExceeded
from flask_smorest import Api as SmorestApi
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import HTTPException

from core.errors import (
    Conflict,
    GridkeeperError,
    Halted,
    Invalid,
    NeedsPassword,
    NotFound,
    Refused,
    Unauthorized,
    Unavailable,
    VenueRefused,
)
from web import throttling

log = structlog.get_logger(__name__)

HTTP_STATUS: dict[type[GridkeeperError], int] = {
    Invalid: 422,
    NotFound: 404,
    Conflict: 409,
    Halted: 423,
    NeedsPassword: 403,
    Unauthorized: 401,
    Unavailable: 503,
    VenueRefused: 409,
}
REASONS = {
    400: "malformed",
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    412: "stale_version",
    413: "too_large",
    415: "wrong_content_type",
    422: "invalid_fields",
    428: "version_required",
    429: "too_many_requests",
}
RETRY_AFTER_S = 2
_OF_THE_BODY = ("content-type", "content-length")
_UNKNOWN_FIELD = "Unknown field."


class ErrorSchema(ma.Schema):
    """`reason` is for machines; `errors` has lists of texts by place (json, query) and field."""

    code = ma.fields.Integer(required=True)
    status = ma.fields.String(required=True)
    message = ma.fields.String(required=True)
    reason = ma.fields.String()
    errors = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.List(ma.fields.String())),
    )


class Api(SmorestApi):  # type: ignore[misc]  # flask-smorest has no types
    """flask-smorest's API; its own errors keep their headers (405's Allow, for one) and get a reason."""

    ERROR_SCHEMA = ErrorSchema

    def _register_error_handlers(self) -> None:
        self._app.register_error_handler(HTTPException, _http_error)
        self._app.register_error_handler(GridkeeperError, _our_error)
        self._app.register_error_handler(IntegrityError, _integrity_error)


def error_answer(
    code: int,
    message: str,
    reason: str | None = None,
    *,
    errors: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Response:
    """`more`: fields beside those that every error has."""
    optional = {"errors": errors, "reason": reason, **(more or {})}
    body = {"code": code, "status": HTTPStatus(code).phrase, "message": message}
    answer = jsonify(body | {name: value for name, value in optional.items() if value})
    answer.status_code = code
    answer.headers.update(dict(headers or {}))
    if code == 503:
        answer.headers.setdefault("Retry-After", str(RETRY_AFTER_S))
    if code == 401:
        answer.headers.setdefault("WWW-Authenticate", "Bearer")
    return answer


def _our_error(error: GridkeeperError) -> Response:
    code = next((code for kind, code in HTTP_STATUS.items() if isinstance(error, kind)), 500)
    if isinstance(error, VenueRefused):
        return error_answer(code, f"The exchange refused: {error.message} ({error.code})", "venue_refused")
    if not isinstance(error, Refused | Unavailable):
        return _internal(error)
    fields = {"json": error.fields} if isinstance(error, Invalid) and error.fields else None
    return error_answer(code, error.message, error.reason, errors=fields)


def _http_error(error: HTTPException) -> Response:
    code = error.code or 500
    if code == 500:
        return _internal(getattr(error, "original_exception", None) or error)
    data: Mapping[str, Any] = getattr(error, "data", None) or {}
    errors = _flat(data.get("errors") or data.get("messages"))
    message = data.get("message") or _in_words(code, error)
    reason = "unknown_field" if _is_about_unknown_fields(errors) else REASONS.get(code)
    return error_answer(code, message, data.get("reason", reason), errors=errors, headers=_headers(error))


def _headers(error: HTTPException) -> dict[str, str]:
    kept = {name: value for name, value in error.get_headers() if name.lower() not in _OF_THE_BODY}
    if isinstance(error, RateLimitExceeded):
        kept["Retry-After"] = str(throttling.retry_after_s())
    return kept


def _in_words(code: int, error: HTTPException) -> str:
    if code == 422:
        return "Some fields are not right; errors says which and why."
    if isinstance(error, RateLimitExceeded):
        return "Too many attempts. Try again later."
    return error.description or HTTPStatus(code).phrase


def _flat(errors: Any) -> dict[str, dict[str, list[str]]]:
    """{location: {field: [texts]}}; what is wrong inside a field's value is said with its place there."""
    locations: Mapping[str, Any] = errors or {}
    return {
        location: {str(field): list(_texts(inner)) for field, inner in fields.items()}
        for location, fields in locations.items()
    }


def _texts(errors: Any, place: str = "") -> Iterator[str]:
    if isinstance(errors, Mapping):
        for key, inner in errors.items():
            yield from _texts(inner, f"{place}[{key}] ")
    else:
        yield from (f"{place}{text}" for text in errors)


def _is_about_unknown_fields(errors: Mapping[str, Mapping[str, list[str]]]) -> bool:
    texts = [texts for fields in errors.values() for texts in fields.values()]
    return bool(texts) and all(text == [_UNKNOWN_FIELD] for text in texts)


def _integrity_error(error: IntegrityError) -> Response:
    log.info("integrity_conflict", constraint=str(error.orig)[:200])
    return error_answer(409, "Somebody was first with the same thing.", "already_exists")


def _internal(error: BaseException) -> Response:
    """Says nothing of the inside but the request's id, under which the log has the rest."""
    log.error("internal_error", exc_info=error)
    return error_answer(500, f"Something went wrong here. Request id: {g.get('request_id', '-')}", "internal_error")


def register_jwt_errors(app: Flask) -> None:
    """flask-jwt-extended would answer `{"msg": ...}` and 422: every token problem is a 401 of our shape."""
    manager = app.extensions["flask-jwt-extended"]
    refused = "Log in: the access token is missing, expired or not valid."
    manager.unauthorized_loader(lambda _why: error_answer(401, refused, "unauthorized"))
    manager.invalid_token_loader(lambda _why: error_answer(401, refused, "unauthorized"))
    manager.expired_token_loader(lambda _header, _claims: error_answer(401, refused, "token_expired"))
    manager.revoked_token_loader(lambda _header, _claims: error_answer(401, refused, "token_revoked"))
    manager.user_lookup_error_loader(lambda _header, _claims: error_answer(401, refused, "unauthorized"))
