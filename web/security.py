"""Headers of every answer, the size of requests, and the request's id."""

import re
import uuid
from typing import Any

import structlog
from flask import Flask, Response, abort, g, request

from core.clock import monotonic

BODY_LIMIT = 64 * 1024
_ID = re.compile(r"^[A-Za-z0-9._-]{1,64}\Z")
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Strict-Transport-Security": "max-age=31536000",
}

log = structlog.get_logger(__name__)


def init_app(app: Flask) -> None:
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    app.before_request(_begin)
    app.after_request(_finish)


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _ID.match(given) else uuid.uuid4().hex
    g.begun = monotonic()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)
    if (request.content_length or 0) > BODY_LIMIT:
        abort(413, description=f"The body may have at most {BODY_LIMIT} bytes.")


def _finish(answer: Response) -> Response:
    for name, value in _HEADERS.items():
        answer.headers.setdefault(name, value)
    if request.path.startswith("/api/v1/"):
        answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Request-ID"] = g.get("request_id", "")
    _log(answer)
    return answer


def _log(answer: Response) -> None:
    """Of the URL only the path: a query is the user's."""
    took = round((monotonic() - g.get("begun", monotonic())) * 1000, 1)
    facts: dict[str, Any] = {"method": request.method, "path": request.path, "status": answer.status_code, "ms": took}
    if request.path in ("/healthz", "/readyz", "/metrics"):
        log.debug("request", **facts)
    else:
        log.info("request", **facts)
