"""Alive, ready, and metrics: for operators, outside the API."""

from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST

from web.errors import error_answer
from web.metrics import exposition
from web.readiness import not_ready

blp = Blueprint("health", __name__)


@blp.get("/healthz")
def healthz() -> Response:
    return jsonify({"status": "alive"})


@blp.get("/readyz")
def readyz() -> Response:
    missing = not_ready()
    if not missing:
        return jsonify({"not_ready": []})
    parts = ", ".join(entry["part"] for entry in missing)
    return error_answer(503, f"Not ready: {parts}.", "not_ready", more={"not_ready": missing})


@blp.get("/metrics")
def metrics() -> Response:
    return Response(exposition(), content_type=CONTENT_TYPE_LATEST)
