"""The fault proxy: what each lever does to a connection, seen from its client and its server."""

import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest

from core.clock import monotonic
from tests.chaos.proxy import Proxy
from tests.support.waiting import wait_until


class Echo(socketserver.ThreadingTCPServer):
    """Answers what it hears, and remembers it."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.heard = b""


class _Answering(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        try:
            while chunk := self.request.recv(4096):
                self.server.heard += chunk
                self.request.sendall(chunk)
        except ConnectionError:
            pass


@pytest.fixture
def server() -> Iterator[Echo]:
    with Echo() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def proxy(server: Echo) -> Iterator[Proxy]:
    proxy = Proxy(server.server_address)
    proxy.start()
    yield proxy
    proxy.close()


@pytest.fixture
def client(proxy: Proxy) -> Iterator[socket.socket]:
    with connected(proxy) as client:
        yield client


def connected(proxy: Proxy) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", proxy.port), timeout=5)
    assert said(client, b"hello") == b"hello"
    return client


def said(client: socket.socket, text: bytes) -> bytes:
    client.sendall(text)
    return client.recv(4096)


def test_it_hands_on_what_comes_while_it_behaves(client: socket.socket) -> None:
    assert said(client, b"one") == b"one"


def test_latency_delays_both_ways(proxy: Proxy, client: socket.socket) -> None:
    proxy.delay(0.1)
    begun = monotonic()
    assert said(client, b"slow") == b"slow"
    assert monotonic() - begun >= 0.2


def test_a_cut_resets_open_connections_and_takes_new_ones(proxy: Proxy, client: socket.socket) -> None:
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    connected(proxy).close()


def test_refusing_takes_no_connection_until_it_behaves(proxy: Proxy, client: socket.socket) -> None:
    proxy.refuse()
    with pytest.raises(ConnectionError):
        said(socket.create_connection(("127.0.0.1", proxy.port), timeout=5), b"hello")
    proxy.behave()
    connected(proxy).close()


def test_a_stalled_connection_takes_bytes_and_answers_when_it_flows_again(
    proxy: Proxy, server: Echo, client: socket.socket
) -> None:
    proxy.stall()
    client.sendall(b"held")
    client.settimeout(0.2)
    with pytest.raises(TimeoutError):
        client.recv(1)
    assert server.heard == b"hello"
    proxy.behave()
    client.settimeout(5)
    assert client.recv(4096) == b"held"


def test_cut_after_a_request_the_server_has_it_and_the_client_has_no_reply(
    proxy: Proxy, server: Echo, client: socket.socket
) -> None:
    proxy.cut_after(b"COMMIT", times=1)
    assert said(client, b"SELECT") == b"SELECT"
    client.sendall(b"COMMIT")
    wait_until(lambda: b"COMMIT" in server.heard, 5, "the server has the request")
    with pytest.raises(ConnectionResetError):
        client.recv(4096)
    with connected(proxy) as again:
        assert said(again, b"COMMIT") == b"COMMIT"


def test_a_half_closed_connection_is_at_its_end_for_the_client_who_may_still_write(
    proxy: Proxy, server: Echo, client: socket.socket
) -> None:
    proxy.half_close()
    assert client.recv(4096) == b""
    client.sendall(b"still")
    wait_until(lambda: b"still" in server.heard, 5, "the server hears the client")


def test_a_reset_comes_in_the_middle_of_what_passes(proxy: Proxy, server: Echo, client: socket.socket) -> None:
    proxy.reset_in(8)
    assert said(client, b"abc") == b"abc"
    client.sendall(b"defghi")
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert b"def" not in server.heard
