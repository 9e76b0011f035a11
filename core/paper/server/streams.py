"""Market and user streams: one connection, what it subscribes to, and what it may get on its route."""

import asyncio
import re
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from core import clock
from core.paper.engine.refusals import refusal
from core.paper.server.hub import Hub
from core.paper.server.venue import Venue
from core.paper.server.wire import Wire

PATH = re.compile(r"^(?:/(?P<route>public|market|private))?/(?P<mode>ws|stream)(?:/(?P<names>.*))?$")
_PUBLIC_KINDS = ("bookTicker", "depth", "rpiDepth")
_MOST_STREAMS = 1024
_PING_S = 180.0
_NO_PONG_S = 600.0


async def answer_stream(venue: Venue, request: web.Request, path: re.Match[str]) -> web.StreamResponse:
    names = _names_in_url(request, path)
    if path["route"] == "private" and names and not any(map(venue.hub.is_listen_key, names)):
        raise refusal(-1125)
    ws = web.WebSocketResponse(compress=False, autoping=False)
    await ws.prepare(request)
    connection = Connection(venue.hub, request, path["route"] or "", enveloped=path["mode"] == "stream")
    venue.hub.join(connection, names)
    pinging = asyncio.create_task(_ping(ws, connection))
    try:
        async for message in ws:
            if message.type is WSMsgType.TEXT:
                connection.hear(message.data)
            elif message.type is WSMsgType.PING:
                await ws.pong(message.data)
            elif message.type is WSMsgType.PONG:
                connection.ponged = clock.monotonic()
    finally:
        pinging.cancel()
        venue.hub.leave(connection)
    return ws


def _names_in_url(request: web.Request, path: re.Match[str]) -> list[str]:
    """From /ws/a/b, ?streams=a/b and ?listenKey=k."""
    given = [path["names"] or "", request.query.get("streams", ""), *request.query.getall("listenKey", [])]
    return [name for part in given for name in part.split("/") if name]


async def _ping(ws: web.WebSocketResponse, connection: "Connection") -> None:
    while True:
        await asyncio.sleep(_PING_S)
        if clock.monotonic() - connection.ponged > _NO_PONG_S:
            connection.cut()
            return
        await ws.ping(str(clock.now_ms()).encode())


class Connection:
    """One listener. `enveloped`: payloads come as {"stream", "data"}."""

    def __init__(self, hub: Hub, request: web.Request, route: str, *, enveloped: bool) -> None:
        self.streams: set[str] = set()
        self.ponged = clock.monotonic()
        self._hub = hub
        self._route = route
        self._enveloped = enveloped
        self._wire = Wire(request)
        wanted = request.query.get("events", "")
        self._events = frozenset(wanted.split("/")) if wanted else None

    def takes(self, stream: str, event: str) -> bool:
        """The venue is silent, not angry, about a stream that does not belong on the route."""
        is_user = self._hub.is_listen_key(stream)
        if self._route and self._route != ("private" if is_user else route_of(stream)):
            return False
        return not is_user or self._events is None or event in self._events

    def send(self, stream: str, payload: bytes) -> None:
        if self._enveloped:
            payload = b'{"stream":' + orjson.dumps(stream) + b',"data":' + payload + b"}"
        self._wire.send(payload)

    def cut(self) -> None:
        self._wire.cut()

    def hear(self, text: str) -> None:
        """SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS, SET_PROPERTY and GET_PROPERTY."""
        try:
            asked = orjson.loads(text)
            method, params = asked["method"], asked.get("params") or []
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            self._reply({"error": {"code": 3, "msg": "Invalid JSON"}})
            return
        self._reply({"result": self._obey(method, params), "id": asked.get("id")})

    def _obey(self, method: str, params: list[Any]) -> Any:
        if method == "SUBSCRIBE":
            self._hub.subscribe(self, [str(name) for name in params][: _MOST_STREAMS - len(self.streams)])
        elif method == "UNSUBSCRIBE":
            self._hub.unsubscribe(self, [str(name) for name in params])
        elif method == "LIST_SUBSCRIPTIONS":
            return sorted(self.streams)
        elif method == "GET_PROPERTY":
            return self._enveloped
        elif method == "SET_PROPERTY" and params and params[0] == "combined":
            self._enveloped = bool(params[1])
        return None

    def _reply(self, answer: dict[str, Any]) -> None:
        self._wire.send(orjson.dumps(answer))


def route_of(stream: str) -> str:
    kind = stream.lstrip("!").rpartition("!")[2] if stream.startswith("!") else stream.partition("@")[2]
    return "public" if kind.startswith(_PUBLIC_KINDS) else "market"
