"""Server-sent events, and the cookie with which a browser opens them."""

from functools import partial
from socket import socket

from flask import Response, request

from core.db import Session
from core.strategies.reading import own
from web.api.grid import ONE
from web.auth import set_stream_cookie, visitor
from web.blueprint import Blueprint, abort
from web.events import TooMany, hub
from web.streams import Mark, Stream

blp = Blueprint("events", __name__, url_prefix="/api/v1", description="What happens, as it happens")

SEND_WITHIN_S = 10.0  # a client that takes nothing for so long loses its stream, which would hold a thread for ever
_LAST_EVENT_ID = {
    "in": "header",
    "name": "Last-Event-ID",
    "description": "Where the client was: fills and lines of the event log since then come first",
    "schema": {"type": "string"},
}
_STREAM = {
    "parameters": [_LAST_EVENT_ID],
    "responses": {
        "200": {
            "description": "Events of the types order, fill, status, price and warning, each with JSON as its data",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
}


@blp.route("/events", methods=["GET"], endpoint="all")
@blp.response(200)
@blp.doc(**_STREAM)
def all_of_them() -> Response:
    """Follow all of your strategies

    What is recorded is never lost: a client that comes back with its `Last-Event-ID` is told what it has missed, and
    may be told its last news twice (`id` in the data says so). A browser's EventSource needs the cookie of POST
    `/events/cookie`.
    """
    return _stream(None)


@blp.route(f"/grid/events/{ONE}", methods=["GET"], endpoint="one")
@blp.response(200)
@blp.doc(**_STREAM)
def of_one(exchange: str, grid_id: int) -> Response:
    """Follow one strategy"""
    with Session.reading() as session:
        own(session, visitor().user_id, exchange, grid_id)
    return _stream(grid_id)


@blp.route("/events/cookie", methods=["POST"], endpoint="cookie")
@blp.response(204)
def cookie() -> Response:
    """Let this browser open event streams for 15 minutes

    No script can read the cookie, and it is good for nothing else.
    """
    return set_stream_cookie(Response(status=204))


def _stream(strategy_id: int | None) -> Response:
    stream = Stream(visitor().user_id, visitor().family, strategy_id)
    try:
        begun = hub().join(stream)
    except TooMany:
        abort(429, message="Too many event streams are open.", reason="too_many_streams")
    client: socket | None = request.environ.get("gunicorn.socket")
    if client is not None:
        client.settimeout(SEND_WITHIN_S)
    since = Mark.parse(request.headers.get("Last-Event-ID", ""))
    answer = Response(stream.read(begun, since), content_type="text/event-stream; charset=utf-8")
    answer.headers["X-Accel-Buffering"] = "no"
    answer.call_on_close(partial(hub().leave, stream))
    return answer
