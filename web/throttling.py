"""Slows guessing down: failed logins count per account and per address. Without Redis each process counts alone."""

import hashlib
from typing import Any

from flask import Flask, Response, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.clock import now_ms
from core.config import settings

FAILED_LOGINS_PER_ACCOUNT = "5 per minute"
FAILED_LOGINS_PER_ADDRESS = "100 per minute"
REGISTRATIONS_PER_ADDRESS = "300 per minute"
_PATIENCE_S = 60

limiter = Limiter(get_remote_address, in_memory_fallback_enabled=True, key_prefix="throttle")


def init_app(app: Flask) -> None:
    # The client's own retries take seconds; counting is not worth them.
    impatient = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5, "retry": Retry(NoBackoff(), 0)}
    app.config.setdefault("RATELIMIT_STORAGE_URI", settings().redis_url or "memory://")
    app.config.setdefault("RATELIMIT_STORAGE_OPTIONS", impatient if settings().redis_url else {})
    limiter.init_app(app)


def has_failed(answer: Response) -> bool:
    return answer.status_code in (401, 403)


def account() -> str:
    """The account that a login names, hashed: the counter's name is no list of our users."""
    body: Any = request.get_json(silent=True)
    email = body.get("email") if isinstance(body, dict) else None
    named = email.strip().lower() if isinstance(email, str) else get_remote_address()
    return hashlib.sha256(named.encode(errors="replace")).hexdigest()


def retry_after_s() -> int:
    limit = limiter.current_limit
    return max(1, limit.reset_at - now_ms() // 1000) if limit else _PATIENCE_S
