"""A TCP proxy on loopback that misbehaves on demand: one stands before Redis, one before PostgreSQL.

It runs in a thread of its own; every lever may be pulled from any thread and acts on open and on new connections.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_CHUNK = 65_536
_LOST_REPLY_S = 0.05  # the server has a request by then whose reply is to be lost
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of zero seconds: closing sends RST

Upstream = tuple[str, int] | Path  # TCP, or a Unix socket


@dataclass(slots=True)
class Conduct:
    """How the proxy treats its connections at the moment. Latency in seconds each way."""

    latency: float = 0.0
    refusing: bool = False
    cut_after: bytes = b""  # a request with these bytes is handed on, and its connection cut before the reply
    cuts_left: int = 0
    reset_in: int | None = None  # bytes in either direction, of all connections together
    flowing: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True, eq=False)
class _Line:
    """One client's connection and its continuation to the server. `muted`: the client hears nothing any more."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    muted: bool = False


class Proxy:
    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._loop = asyncio.new_event_loop()
        self._conduct = Conduct()
        self._open: set[_Line] = set()
        self.port = 0

    def start(self) -> None:
        self._conduct.flowing.set()
        threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True).start()
        self._run(self._listen())

    def close(self) -> None:
        self.cut()
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)

    # --- levers

    def delay(self, seconds: float) -> None:
        self._now(lambda: setattr(self._conduct, "latency", seconds))

    def refuse(self) -> None:
        """Cuts everything and takes no new connection."""
        self._now(lambda: setattr(self._conduct, "refusing", True))
        self.cut()

    def stall(self) -> None:
        """Connections stay open and are accepted, writes succeed, and nothing arrives any more."""
        self._now(self._conduct.flowing.clear)

    def cut(self) -> None:
        """Resets every open connection."""
        self._now(self._cut_all)

    def half_close(self) -> None:
        """Ends the servers' side of every open connection; the clients may go on writing."""
        self._now(self._half_close_all)

    def cut_after(self, request: bytes, times: int) -> None:
        """The next `times` requests that hold these bytes reach the server; their replies don't reach the client."""
        self._now(lambda: self._set_cuts(request, times))

    def reset_in(self, size: int) -> None:
        """Resets the connection in which the `size`th byte from now passes."""
        self._now(lambda: setattr(self._conduct, "reset_in", size))

    def behave(self) -> None:
        """Ends whatever the levers began."""
        self._now(self._reset_conduct)

    # --- inside the loop

    async def _listen(self) -> None:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_CHUNK)
        self.port = server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._conduct.refusing:
            _abort(writer)
            return
        try:
            up_reader, up_writer = await self._connect()
        except OSError:
            _abort(writer)
            return
        line = _Line(writer, up_writer)
        self._open.add(line)
        pumps = [
            asyncio.create_task(self._pump(reader, up_writer, line)),
            asyncio.create_task(self._pump(up_reader, writer, line)),
        ]
        await asyncio.gather(*pumps, return_exceptions=True)
        self._open.discard(line)
        for one in (writer, up_writer):
            with contextlib.suppress(OSError):
                one.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._upstream, Path):
            return await asyncio.open_unix_connection(str(self._upstream))
        return await asyncio.open_connection(*self._upstream)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: _Line) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                if self._conduct.latency:
                    await asyncio.sleep(self._conduct.latency)
                await self._conduct.flowing.wait()
                if self._is_reset_by(len(chunk)):
                    _reset(line)
                    return
                if writer is line.client and line.muted:
                    continue
                line.muted = line.muted or (writer is line.server and self._is_cut_by(chunk))
                writer.write(chunk)
                await writer.drain()
                if line.muted:
                    self._loop.call_later(_LOST_REPLY_S, _reset, line)
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()

    def _is_cut_by(self, chunk: bytes) -> bool:
        conduct = self._conduct
        if not conduct.cuts_left or conduct.cut_after not in chunk:
            return False
        conduct.cuts_left -= 1
        return True

    def _is_reset_by(self, size: int) -> bool:
        conduct = self._conduct
        if conduct.reset_in is None:
            return False
        conduct.reset_in -= size
        if conduct.reset_in > 0:
            return False
        conduct.reset_in = None
        return True

    def _cut_all(self) -> None:
        for line in list(self._open):
            _reset(line)

    def _half_close_all(self) -> None:
        for line in list(self._open):
            with contextlib.suppress(OSError, RuntimeError):
                line.client.write_eof()

    def _set_cuts(self, request: bytes, times: int) -> None:
        self._conduct.cut_after, self._conduct.cuts_left = request, times

    def _reset_conduct(self) -> None:
        flowing = self._conduct.flowing
        self._conduct = Conduct(flowing=flowing)
        flowing.set()

    # --- from other threads

    def _now(self, action: Callable[[], object]) -> None:
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (action(), done.set()))
        done.wait(5)

    def _run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(5)


def _reset(line: _Line) -> None:
    for writer in (line.client, line.server):
        _abort(writer)


def _abort(writer: asyncio.StreamWriter) -> None:
    """With RST, where the socket knows it."""
    sock: socket.socket | None = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        if sock is not None and sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
