"""The web application, made once for all tests of a process: making it takes longer than most of them."""

from functools import cache

from flask import Flask

from web import create_app, throttling

UNTHROTTLED = {"RATELIMIT_STORAGE_URI": "memory://", "RATELIMIT_STORAGE_OPTIONS": {}}


def application() -> Flask:
    """It has counted nobody's requests yet. A test that adds to it, or needs Redis to count, makes one of its own."""
    made = _application()
    throttling.init_app(made)  # the limiter is one for the process: it counts anew, and for this application again
    return made


@cache
def _application() -> Flask:
    return create_app(UNTHROTTLED)
