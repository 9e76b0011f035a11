import asyncio
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from websocket import ABNF

from core.paper.server.wire import Wire


class Line(asyncio.Transport):
    """Keeps what is written; `unread` bytes are said to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.unread = 0
        self.is_cut = False

    def write(self, data: Any) -> None:
        self.written += data

    def get_write_buffer_size(self) -> int:
        return self.unread

    def is_closing(self) -> bool:
        return self.is_cut

    def abort(self) -> None:
        self.is_cut = True


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def wire(line: Line) -> Wire:
    request: web.Request = make_mocked_request("GET", "/", transport=line)
    return Wire(request)


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536, 200_000])
def test_a_frame_is_as_long_as_it_says(wire: Wire, line: Line, length: int) -> None:
    text = b"x" * length
    wire.send(text)
    expected = ABNF.create_frame(text, ABNF.OPCODE_TEXT)
    expected.mask_value = 0
    assert line.written == expected.format()


def test_a_reader_who_is_far_behind_is_cut_off(wire: Wire, line: Line) -> None:
    line.unread = 100 * 1024 * 1024
    wire.send(b"more")
    assert line.is_cut
    line.unread = 0
    wire.send(b"after")
    assert line.written == b""
