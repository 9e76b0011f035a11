"""A WebSocket that tells "nothing left this host" from "lost after the write", and that notices a dead peer.

Framing is websocket-client's; the socket never blocks, and one lock guards each operation on it, because OpenSSL's
connections may not be read and written at the same moment.
"""

import select
import socket
import ssl
import threading
from contextlib import suppress

import websocket
from websocket import ABNF

from core import clock

CONNECT_TIMEOUT = 2.0  # seconds
SEND_TIMEOUT = 2.0
PING_EVERY = 15.0
PONG_WITHIN = 10.0
_CHUNK = 65536
_NORMAL = (1000).to_bytes(2, "big")
_WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class NotConnected(Exception):
    """No connection came about. `retry_after` seconds is what a venue that limits us asks for, else 0."""

    def __init__(self, text: str, retry_after: float = 0.0) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class NotSent(Exception):
    """Not one byte of the message was handed over."""


class LinkLost(Exception):
    """The connection is gone; what was on its way may or may not have arrived."""


class _NothingYet(Exception):
    """The socket has no more bytes at the moment."""


class Link:
    """One open WebSocket. One thread receives; any thread may send or close."""

    def __init__(self, url: str, connect_timeout: float = CONNECT_TIMEOUT) -> None:
        """Connects. `url` is never logged: it can hold a listen key. Raises NotConnected."""
        self._frames = _Frames()
        try:
            self._frames.open(url, connect_timeout)
        except websocket.WebSocketBadStatusException as refused:
            raise _handshake_refused(refused) from None
        except (OSError, ValueError, websocket.WebSocketException) as error:
            raise NotConnected(type(error).__name__) from None
        self._ping_at = clock.monotonic() + PING_EVERY
        self._pong_by: float | None = None
        self._lost: LinkLost | None = None

    def send(self, text: str) -> None:
        """The whole message, at once. Raises NotSent, or LinkLost where part of it may have left."""
        self._frames.hand_over(ABNF.create_frame(text, ABNF.OPCODE_TEXT).format())

    def receive(self, timeout: float) -> list[bytes]:
        """Waits at most `timeout` seconds for a message, then returns all that are there. Raises LinkLost."""
        deadline = clock.monotonic() + timeout
        while True:
            messages = self._drain()
            if not messages:
                self._ping_when_due()
            now = clock.monotonic()
            if messages or now >= deadline:
                return messages
            self._check_pong(now)
            self._frames.wait_readable(min(deadline, self._pong_by or self._ping_at) - now)

    def close(self) -> None:
        """Says goodbye and closes; the thread that receives finds the link lost."""
        with suppress(NotSent, LinkLost):
            self._frames.hand_over(ABNF.create_frame(_NORMAL, ABNF.OPCODE_CLOSE).format())
        self._frames.drop()

    def _drain(self) -> list[bytes]:
        """Every message that is there; what was read before the end of the link still counts."""
        if self._lost is not None:
            raise self._lost
        messages: list[bytes] = []
        try:
            while True:
                opcode, data = self._next_frame()
                if opcode in (ABNF.OPCODE_TEXT, ABNF.OPCODE_BINARY):
                    messages.append(data)
                elif opcode == ABNF.OPCODE_PONG:
                    self._pong_by = None
        except _NothingYet:
            return messages
        except LinkLost as lost:
            self._lost = lost
            if not messages:
                raise
            return messages

    def _next_frame(self) -> tuple[int, bytes]:
        try:
            opcode, data = self._frames.recv_data(control_frame=True)
        except (OSError, websocket.WebSocketException, NotSent, LinkLost) as error:
            self._frames.drop()
            raise LinkLost(type(error).__name__) from None
        if opcode == ABNF.OPCODE_CLOSE:
            self._frames.drop()
            raise LinkLost(f"closed by the venue ({int.from_bytes(data[:2], 'big')})")
        return opcode, data

    def _ping_when_due(self) -> None:
        now = clock.monotonic()
        if now < self._ping_at:
            return
        self._ping_at = now + PING_EVERY
        self._pong_by = self._pong_by or now + PONG_WITHIN
        try:
            self._frames.hand_over(ABNF.create_frame(b"", ABNF.OPCODE_PING).format())
        except NotSent:
            self._frames.drop()
            raise LinkLost("a ping could not be sent") from None

    def _check_pong(self, now: float) -> None:
        """Only when nothing was left to read: an answer behind a backlog is no missed one."""
        if self._pong_by is not None and now >= self._pong_by:
            self._frames.drop()
            raise LinkLost(f"no pong within {PONG_WITHIN:.0f} s")


def _handshake_refused(refused: websocket.WebSocketBadStatusException) -> NotConnected:
    seconds = str((refused.resp_headers or {}).get("retry-after", ""))
    limited = refused.status_code in (418, 429)
    return NotConnected(f"HTTP {refused.status_code}", float(seconds) if limited and seconds.isdecimal() else 0.0)


class _Frames(websocket.WebSocket):
    """websocket-client's frames over our own reading and writing of the socket."""

    def __init__(self) -> None:
        super().__init__(skip_utf8_validation=True)  # the JSON parser checks it
        self._operation = threading.Lock()
        self._writing = threading.Lock()
        self._unread = b""

    def open(self, url: str, timeout: float) -> None:
        """Connects and shakes hands, `timeout` seconds for each step; from then on the socket does not block."""
        self.connect(url, timeout=timeout, suppress_origin=True)  # type: ignore[no-untyped-call]
        self.settimeout(0)

    def hand_over(self, data: bytes) -> None:
        """Writes one whole frame. Raises NotSent, or LinkLost where part of it may have left."""
        with self._writing:
            deadline = clock.monotonic() + SEND_TIMEOUT
            touched = False
            try:
                while data:
                    sent, waiting = self._write_some(data)
                    # TLS may have put part of a record on the link before it asks to wait.
                    touched = touched or sent > 0 or (waiting and self.is_tls)
                    data = data[sent:]
                    if waiting:
                        self._wait_writable(deadline)
            except OSError as error:
                if not touched:
                    raise NotSent(type(error).__name__) from None
                self.drop()  # half a frame has spoilt the stream for all that would follow
                raise LinkLost(type(error).__name__) from None

    @property
    def is_tls(self) -> bool:
        return isinstance(self.sock, ssl.SSLSocket)

    def _write_some(self, data: bytes) -> tuple[int, bool]:
        """(bytes taken, whether there is no room for more at the moment)."""
        with self._operation:
            try:
                return self._open_socket().send(data), False
            except _WOULD_BLOCK:
                return 0, True

    def _wait_writable(self, deadline: float) -> None:
        remaining = deadline - clock.monotonic()
        if remaining <= 0:
            raise TimeoutError
        self._wait(select.POLLOUT, remaining)

    def wait_readable(self, seconds: float) -> None:
        self._wait(select.POLLIN, seconds)

    def _wait(self, event: int, seconds: float) -> None:
        sock = self.sock
        if sock is None or sock.fileno() < 0:
            return  # dropped by another thread: the next operation says so
        poll = select.poll()
        poll.register(sock.fileno(), event)
        poll.poll(max(seconds, 0) * 1000)

    def drop(self) -> None:
        """Closes the socket, which wakes whoever waits on it."""
        with self._operation, suppress(OSError):
            self.connected = False
            if self.sock is not None:
                self.sock.shutdown(socket.SHUT_RDWR)
        with self._operation:
            if self.sock is not None:
                self.sock.close()

    def _open_socket(self) -> socket.socket:
        if self.sock is None:
            raise ConnectionError("closed")
        return self.sock

    def _send(self, data: str | bytes) -> int:
        """websocket-client's way out: pongs, and the answer to a goodbye."""
        raw = data.encode() if isinstance(data, str) else data
        self.hand_over(raw)
        return len(raw)

    def _recv(self, bufsize: int) -> bytes:
        """websocket-client's way in. It keeps a half-read frame, so _NothingYet may come at any byte of it."""
        if not self._unread:
            self._unread = self._read_chunk()
        taken, self._unread = self._unread[:bufsize], self._unread[bufsize:]
        return taken

    def _read_chunk(self) -> bytes:
        with self._operation:
            try:
                chunk = self._open_socket().recv(_CHUNK)
            except _WOULD_BLOCK:
                raise _NothingYet from None
        if not chunk:
            raise ConnectionError("closed by the peer")
        return chunk
