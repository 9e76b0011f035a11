"""The way in for people: checks input, calls core, enqueues. It places, cancels and changes nothing at a venue."""

from typing import Any

from flask import Flask, request
from werkzeug.routing import UnicodeConverter

from core import db
from core.logs import configure_logging
from core.symbols import check_exchange, exchanges
from tasks import ringing
from web import auth, docs, metrics, security, throttling
from web.api import BLUEPRINTS, health
from web.errors import Api, register_jwt_errors
from web.fields import DECIMAL, Decimal, Flag, Integer, Milliseconds, Moment, QueryInteger, Text

DATABASE_PATIENCE_S = 2.0
BROKER_PATIENCE_S = 1.0
_OPENAPI = {
    "API_TITLE": "Gridkeeper",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.0.3",
    "OPENAPI_URL_PREFIX": "/api",
    "API_SPEC_OPTIONS": {
        "security": [{"bearerAuth": []}],
        "components": {"securitySchemes": {"bearerAuth": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}},
    },
}


class ExchangeConverter(UnicodeConverter):
    """Takes any text: an unknown exchange is told so in words. It is here for the document, which lists them."""


def create_app(config: dict[str, Any] | None = None) -> Flask:
    """The WSGI application. `config` is for tests."""
    configure_logging()
    db.answer_within(DATABASE_PATIENCE_S)
    ringing.answer_within(BROKER_PATIENCE_S)
    app = Flask(__name__, static_folder=None)
    app.config.update(_OPENAPI, PROPAGATE_EXCEPTIONS=False, **(config or {}))
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of the default provider
    security.init_app(app)
    auth.init_app(app)
    register_jwt_errors(app)
    throttling.init_app(app)
    metrics.init_app(app)
    app.url_map.converters["exchange"] = ExchangeConverter
    app.before_request(_check_exchange)
    _register(Api(app), app)
    return app


def _check_exchange() -> None:
    """An exchange in a path that we don't know is 404, before anything else is looked at."""
    if request.view_args and "exchange" in request.view_args:
        check_exchange(request.view_args["exchange"])


def _register(api: Api, app: Flask) -> None:
    for field, kind, form in (
        (Decimal, "string", "decimal"),
        (Moment, "string", "date-time"),
        (Milliseconds, "string", "date-time"),
        (Text, "string", None),
        (Integer, "integer", None),
        (QueryInteger, "integer", None),
        (Flag, "boolean", None),
    ):
        api.register_field(field, kind, form)
    api.register_converter(ExchangeConverter, lambda _converter: {"type": "string", "enum": list(exchanges())})
    api.ma_plugin.converter.add_attribute_function(_decimal_pattern)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    app.register_blueprint(docs.blp)
    app.register_blueprint(health.blp)


def _decimal_pattern(_self: Any, field: Any, **_kwargs: Any) -> dict[str, str]:
    # JavaScript's regular expressions know no \Z.
    return {"pattern": DECIMAL.replace(r"\Z", "$")} if isinstance(field, Decimal) else {}
