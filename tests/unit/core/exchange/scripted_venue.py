"""A local server whose every answer is written by the test: HTTP and WebSockets on one port, in a thread of its own."""

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from aiohttp import WSMsgType, web

from tests.support.waiting import wait_until

Json = Any
Answer = Callable[[web.Request], web.StreamResponse]
OnFrame = Callable[[web.WebSocketResponse, Json], Coroutine[Any, Any, None]]


def answer(body: Json, status: int = 200, **headers: str) -> Answer:
    """Always the same; a body of type str is sent as it is."""
    text = body if isinstance(body, str) else json.dumps(body)
    return lambda _: web.Response(text=text, status=status, headers=headers, content_type="application/json")


def in_turn(*answers: Answer) -> Answer:
    """One after the other, the last for ever."""
    left = list(answers)

    def next_one(request: web.Request) -> web.StreamResponse:
        chosen = left.pop(0) if len(left) > 1 else left[0]
        return chosen(request)

    return next_one


@dataclass
class Seen:
    """One HTTP request or one WebSocket handshake, as it arrived."""

    method: str
    path: str
    query: str
    headers: dict[str, str]


@dataclass
class ScriptedVenue:
    port: int = 0
    tls: ssl.SSLContext | None = None
    routes: dict[tuple[str, str], Answer] = field(default_factory=dict)
    on_frame: OnFrame | None = None
    answers_pings: bool = True
    seen: list[Seen] = field(default_factory=list)
    handshakes: list[Seen] = field(default_factory=list)
    frames: list[Json] = field(default_factory=list)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)

    @property
    def rest(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    @property
    def socket(self) -> str:
        return f"ws{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    def on(self, method: str, path: str, *answers: Answer) -> None:
        self.routes[method, path] = in_turn(*answers)

    def push(self, text: str, socket: int = -1) -> None:
        """To the socket that connected last, or to another by number."""
        self.run(self.sockets[socket].send_str(text))

    def hang_up(self, socket: int = -1) -> None:
        self.run(self.sockets[socket].close())

    def cut(self, socket: int = -1) -> None:
        """As a broken network does it, without a goodbye."""

        async def abort() -> None:
            transport = self.sockets[socket]._req.transport  # type: ignore[union-attr]
            if transport is not None:
                transport.abort()

        self.run(abort())

    def wait_for_frames(self, count: int) -> list[Json]:
        wait_until(lambda: len(self.frames) >= count, 5, f"{count} frames")
        return self.frames

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(5)

    def __enter__(self) -> "ScriptedVenue":
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.run(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.run(self._runner.cleanup())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self.tls)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        seen = Seen(request.method, request.path, request.rel_url.raw_query_string, dict(request.headers))
        if request.headers.get("Upgrade", "").lower() == "websocket":
            self.handshakes.append(seen)
            refusal = self.routes.get(("WS", request.path))
            return refusal(request) if refusal else await self._converse(request)
        self.seen.append(seen)
        route = self.routes.get((request.method, request.path))
        if route is None:
            return web.json_response(
                {"code": -5000, "msg": f"no script for {request.method} {request.path}"}, status=404
            )
        return route(request)

    async def _converse(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=self.answers_pings)
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                frame = json.loads(message.data)
                self.frames.append(frame)
                if self.on_frame is not None:
                    await self.on_frame(socket, frame)
        return socket
