"""Writing WebSocket frames straight to the socket: in order, at once, and never waiting for a slow reader."""

import asyncio

from aiohttp import web

_MOST_UNREAD = 16 * 1024 * 1024  # bytes; a reader that is further behind is cut off
_TEXT_FRAME = 0x81
_SHORT, _MEDIUM = 126, 65_536


class Wire:
    """The server's end of one WebSocket. Frames are whole, unmasked and uncompressed."""

    def __init__(self, request: web.Request) -> None:
        assert request.transport is not None
        self._transport: asyncio.Transport = request.transport

    def send(self, text: bytes) -> None:
        if self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() > _MOST_UNREAD:
            self.cut()
            return
        self._transport.write(_header(len(text)) + text)

    def cut(self) -> None:
        """Ends the connection without a word, as a broken line does."""
        self._transport.abort()


def _header(length: int) -> bytes:
    if length < _SHORT:
        return bytes((_TEXT_FRAME, length))
    if length < _MEDIUM:
        return bytes((_TEXT_FRAME, 126)) + length.to_bytes(2, "big")
    return bytes((_TEXT_FRAME, 127)) + length.to_bytes(8, "big")
