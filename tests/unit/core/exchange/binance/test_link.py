"""The WebSocket underneath: what it reads, and what it says when it breaks."""

import base64
import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from core.exchange.binance.link import PING_EVERY, PONG_WITHIN, Link, LinkLost, NotConnected, NotSent
from tests.support.waiting import wait_until
from tests.unit.core.exchange.certificate import server_context, write_certificate
from tests.unit.core.exchange.scripted_venue import ScriptedVenue, answer


@pytest.fixture
def link(venue: ScriptedVenue) -> Iterator[Link]:
    link = Link(venue.socket)
    yield link
    link.close()


def test_a_message_arrives_as_it_was_sent(venue: ScriptedVenue, link: Link) -> None:
    link.send('{"say": "你好"}')
    assert venue.wait_for_frames(1) == [{"say": "你好"}]


def test_one_read_returns_everything_that_is_there(venue: ScriptedVenue, link: Link) -> None:
    link.send("{}")
    venue.wait_for_frames(1)
    for number in range(500):
        venue.push(str(number))
    received: list[bytes] = []
    while len(received) < 500:
        received += link.receive(2)
    assert received == [str(number).encode() for number in range(500)]


def test_a_message_larger_than_a_read_is_put_together(venue: ScriptedVenue, link: Link) -> None:
    link.send("{}")
    venue.wait_for_frames(1)
    large = "x" * 1_000_000
    venue.push(large)
    assert link.receive(5) == [large.encode()]


def test_nothing_to_read_is_an_empty_list_after_the_timeout(link: Link) -> None:
    assert link.receive(0.05) == []


def test_what_was_said_before_a_goodbye_is_still_read(venue: ScriptedVenue, link: Link) -> None:
    link.send("{}")
    venue.wait_for_frames(1)
    venue.push("last words")
    threading.Thread(target=venue.hang_up).start()
    wait_until(lambda: venue.sockets[0].closed, 2)
    assert link.receive(2) == [b"last words"]
    with pytest.raises(LinkLost, match="closed by the venue"):
        link.receive(2)


def test_a_cut_connection_is_lost(venue: ScriptedVenue, link: Link) -> None:
    link.send("{}")
    venue.wait_for_frames(1)
    venue.cut()
    with pytest.raises(LinkLost):
        link.receive(2)
    with pytest.raises(LinkLost):
        link.receive(0)


def test_nothing_leaves_over_a_lost_connection(venue: ScriptedVenue, link: Link) -> None:
    link.send("{}")
    venue.wait_for_frames(1)
    venue.cut()
    with pytest.raises(LinkLost):
        link.receive(2)
    with pytest.raises(NotSent):
        link.send("{}")


def test_nobody_listening_is_not_connected() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(NotConnected):
            Link(f"ws://127.0.0.1:{taken.getsockname()[1]}")


def test_a_refused_handshake_is_not_connected_and_keeps_the_address_to_itself(venue: ScriptedVenue) -> None:
    venue.on("WS", "/private/ws", answer({}, status=403))
    with pytest.raises(NotConnected) as refused:
        Link(f"{venue.socket}/private/ws?listenKey=very-secret-key")
    assert "very-secret-key" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_an_unfinished_handshake_ends_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(NotConnected):
        Link(f"ws://127.0.0.1:{silent.getsockname()[1]}", connect_timeout=0.2)


def test_pings_keep_a_quiet_link(venue: ScriptedVenue, link: Link, pass_time: Callable[[float], None]) -> None:
    for _ in range(3):
        pass_time(PING_EVERY + 1)
        assert link.receive(0) == []  # sends the ping
        wait_until(lambda: link.receive(0.05) == [] and link._pong_by is None, 2, "a pong")


def test_a_peer_that_answers_no_ping_is_lost(venue: ScriptedVenue, pass_time: Callable[[float], None]) -> None:
    venue.answers_pings = False
    link = Link(venue.socket)
    pass_time(PING_EVERY + 1)
    assert link.receive(0.05) == []
    pass_time(PONG_WITHIN + 1)
    with pytest.raises(LinkLost, match="no pong"):
        link.receive(1)


def test_a_peer_that_reads_nothing_gets_half_a_frame_at_most() -> None:
    """A full socket: the first message that does not fit has partly left, so the link is lost, not "not sent"."""
    with stuffed_link() as link:
        outcome: list[Exception] = []

        def stuff() -> None:
            try:
                while True:
                    link.send("x" * 100_000)
            except (NotSent, LinkLost) as error:
                outcome.append(error)

        thread = threading.Thread(target=stuff)
        thread.start()
        thread.join(10)
        assert isinstance(outcome[0], LinkLost)
        with pytest.raises(NotSent):
            link.send("{}")


class stuffed_link:
    """A link to a peer that shakes hands and never reads again."""

    def __enter__(self) -> Link:
        self._server = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=self._shake_hands)
        thread.start()
        link = Link(f"ws://127.0.0.1:{self._server.getsockname()[1]}")
        thread.join()
        return link

    def __exit__(self, *_: object) -> None:
        self._peer.close()
        self._server.close()

    def _shake_hands(self) -> None:
        self._peer, _ = self._server.accept()
        request = self._peer.recv(4096).decode()
        key = next(line.split(": ")[1] for line in request.split("\r\n") if line.startswith("Sec-WebSocket-Key"))
        digest = base64.b64encode(hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest())
        self._peer.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + digest + b"\r\n\r\n"
        )


def test_many_threads_may_send(venue: ScriptedVenue, link: Link) -> None:
    def send(first: int) -> None:
        for number in range(first, first + 50):
            link.send(f'{{"n": {number}, "padding": "{"x" * 500}"}}')

    threads = [threading.Thread(target=send, args=(first,)) for first in range(0, 400, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    venue.wait_for_frames(400)
    assert {frame["n"] for frame in venue.frames} == set(range(400))


def test_closing_wakes_the_thread_that_receives(link: Link) -> None:
    ended = threading.Event()

    def receive() -> None:
        with pytest.raises(LinkLost):
            link.receive(30)
        ended.set()

    thread = threading.Thread(target=receive)
    thread.start()
    link.close()
    assert ended.wait(5)
    thread.join()


@pytest.fixture
def tls_venue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedVenue]:
    certificate, key = write_certificate(tmp_path)
    monkeypatch.setenv("WEBSOCKET_CLIENT_CA_BUNDLE", str(certificate))
    with ScriptedVenue(tls=server_context(certificate, key)) as venue:
        yield venue


def test_over_tls_reading_and_writing_at_once_loses_nothing(tls_venue: ScriptedVenue) -> None:
    async def echo(peer: web.WebSocketResponse, frame: Any) -> None:
        await peer.send_str(str(frame["n"]))

    tls_venue.on_frame = echo
    link = Link(tls_venue.socket)

    def send(first: int) -> None:
        for number in range(first, first + 100):
            link.send(f'{{"n": {number}, "padding": "{"x" * 300}"}}')

    threads = [threading.Thread(target=send, args=(first,)) for first in range(0, 800, 100)]
    for thread in threads:
        thread.start()
    received: list[bytes] = []
    while len(received) < 800 and (messages := link.receive(5)):
        received += messages
    for thread in threads:
        thread.join()
    link.close()
    assert {int(text) for text in received} == set(range(800))


def test_an_unknown_certificate_is_not_connected(tls_venue: ScriptedVenue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WEBSOCKET_CLIENT_CA_BUNDLE")
    with pytest.raises(NotConnected):
        Link(tls_venue.socket)
