"""Logs of every process: one JSON object a line, on stderr, without secrets."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from core.config import settings

_SECRET_NAMES = re.compile(
    r"password|secret|signature|api_?key|listen_?key|token|authorization|cookie|credential|dsn|database_url|redis_url",
    re.IGNORECASE,
)
_SECRET_TEXTS = (
    (
        re.compile(r"""((?:signature|listenKey|apiKey|token|password|secret)["']?\s*[=:]\s*["']?)[^\s&"',}]+""", re.I),
        r"\1[removed]",
    ),
    (re.compile(r"(\w+://[^:/\s]*:)[^@/\s]+@"), r"\1[removed]@"),  # a password in a URL
    (re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+"), "[removed]"),  # a JWT
    (re.compile(r"-----BEGIN[^-]*PRIVATE KEY-----.*?(-----END[^-]*-----|\Z)", re.S), "[removed]"),
)
_CHATTY = (
    "celery.beat",
    "celery.app.trace",
    "celery.worker.strategy",
    "httpx",
    "httpcore",
    "urllib3",
    "websocket",
    "werkzeug",
)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: values under telling names go, and what looks like a secret inside texts."""
    for name, value in event.items():
        event[name] = "[removed]" if _SECRET_NAMES.search(name) else _clean(value)
    return event


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: "[removed]" if _SECRET_NAMES.search(str(key)) else _clean(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(inner) for inner in value]
    if not isinstance(value, str):
        return value
    for pattern, replacement in _SECRET_TEXTS:
        value = pattern.sub(replacement, value)
    return value


def configure_logging() -> None:
    """Our own lines and the libraries' go through the same processors."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    _hand_over_stdlib(shared)


def _hand_over_stdlib(shared: list[Any]) -> None:
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings().log_level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
