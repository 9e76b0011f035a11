"""Swagger UI at /api/docs, from files that are installed with us: it works offline and under the strict CSP."""

from pathlib import Path

import flask_swagger_ui
from flask import Blueprint, Response, send_from_directory

_SWAGGER = Path(flask_swagger_ui.__file__).parent / "dist"
_OURS = Path(__file__).parent / "static" / "docs"

blp = Blueprint("swagger", __name__, url_prefix="/api/docs")


@blp.get("")
def page() -> Response:
    return send_from_directory(_OURS, "index.html")


@blp.get("/<path:name>")
def file(name: str) -> Response:
    return send_from_directory(_OURS if (_OURS / name).is_file() else _SWAGGER, name)
