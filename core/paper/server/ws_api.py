"""ws-fapi: one JSON request after another on a socket, answered by id."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from core.paper.engine.accounts import Account
from core.paper.engine.refusals import VenueError, refusal
from core.paper.server import auth
from core.paper.server.call import Call, Endpoint
from core.paper.server.desk import Answer, Request, limit_counts, refused, serve, unknown_method
from core.paper.server.endpoints import WS
from core.paper.server.params import Params
from core.paper.server.venue import Venue
from core.paper.server.wire import Wire

_HANDSHAKE_WEIGHT = 5
_SESSION_WEIGHT = 2


async def answer_ws_api(venue: Venue, request: web.Request) -> web.StreamResponse:
    venue.limits.spend_weight(request.remote or "", _HANDSHAKE_WEIGHT, venue.now())
    ws = web.WebSocketResponse(compress=False, autoping=True)
    await ws.prepare(request)
    connection = Connection(venue, request)
    venue.trade_connections.add(connection)
    try:
        async for message in ws:
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                connection.answer(message.data)
    finally:
        venue.trade_connections.discard(connection)
    return ws


@dataclass(frozen=True, slots=True)
class _Message:
    id: Any
    method: str
    values: dict[str, str]


class Connection:
    """One client: its logon, and whether it wants to see its rate limits."""

    def __init__(self, venue: Venue, request: web.Request) -> None:
        self._venue = venue
        self._wire = Wire(request)
        self._address = request.remote or ""
        self._shows_limits = request.query.get("returnRateLimits", "true") != "false"
        self._connected = venue.now()
        self._session: Account | None = None
        self._authorized = 0

    def cut(self) -> None:
        self._wire.cut()

    def answer(self, text: str | bytes) -> None:
        message = None
        try:
            message = _parsed(text)
            reply = self._reply(message)
        except VenueError as error:
            reply = self._framed(message, refused(error), None)
        if reply is not None:
            self._send(reply)

    def _send(self, reply: dict[str, Any]) -> None:
        payload = orjson.dumps(reply)
        if self._venue.faults.strike("mute_stream", "trade"):
            return
        latency = self._venue.faults.strike("latency")
        if latency:
            asyncio.get_running_loop().call_later(latency.parameters["ms"] / 1000, self._wire.send, payload)
        else:
            self._wire.send(payload)

    def _reply(self, message: _Message) -> dict[str, Any] | None:
        endpoint = self._endpoint(message)
        request = self._request(message)
        answer = serve(self._venue, endpoint, request)
        return None if answer is None else self._framed(message, answer, (request, endpoint))

    def _endpoint(self, message: _Message) -> Endpoint:
        """Talk of the session is this connection's own; the rest is the venue's."""
        talk = {"session.logon": self._log_on, "session.logout": self._log_out, "session.status": self._status}
        if message.method in talk:
            return Endpoint(talk[message.method], _SESSION_WEIGHT)
        if message.method not in WS:
            raise unknown_method(message.method)
        return WS[message.method]

    def _request(self, message: _Message) -> Request:
        return Request(
            params=Params(message.values),
            address=self._address,
            api_key=message.values.get("apiKey", ""),
            payloads=auth.ws_payloads(message.values),
            session=self._session,
        )

    def _framed(
        self, message: _Message | None, answer: Answer, served: tuple[Request, Endpoint] | None
    ) -> dict[str, Any]:
        reply: dict[str, Any] = {"id": message.id if message else None, "status": answer.status}
        reply["result" if answer.status == 200 else "error"] = answer.body
        shows = self._shows_limits and not (message and message.values.get("returnRateLimits") == "false")
        if served and shows:
            reply["rateLimits"] = limit_counts(self._venue, *served, answer.caller)
        return reply

    # --- session.*

    def _log_on(self, call: Call) -> dict[str, Any]:
        """Ed25519 keys only: an HMAC key must sign each request."""
        account = auth.account_of(call.exchange, call.params.text("apiKey"))
        if not account.public_key:
            raise VenueError(-4056, "HMAC_SHA256 API key is not supported.")
        auth.check_signed(account, call.params, auth.ws_payloads(call.params.values), self._venue.now())
        self._session, self._authorized = account, self._venue.now()
        return self._status(call)

    def _log_out(self, call: Call) -> dict[str, Any]:
        self._session, self._authorized = None, 0
        return self._status(call)

    def _status(self, _: Call) -> dict[str, Any]:
        return {
            "apiKey": self._session.api_key if self._session else None,
            "authorizedSince": self._authorized or None,
            "connectedSince": self._connected,
            "returnRateLimits": self._shows_limits,
            "serverTime": self._venue.now(),
        }


def _parsed(text: str | bytes) -> _Message:
    """Raises VenueError where it is no request. Numbers keep the spelling that was signed."""
    try:
        raw = orjson.loads(text)
        if any(isinstance(value, float) for value in raw.get("params", {}).values()):
            raw = json.loads(text, parse_float=str)
        params = raw.get("params") or {}
        return _Message(raw.get("id"), str(raw.get("method", "")), {k: _text(v) for k, v in params.items()})
    except (orjson.JSONDecodeError, AttributeError):
        raise refusal(-1135) from None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
