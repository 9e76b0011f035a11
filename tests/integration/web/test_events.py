"""Event streams of a real web process: what is committed is told, once, to whom it belongs, whatever is away."""

import socket
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from subprocess import Popen

import httpx
import psutil
import pytest

from core import bus
from core.clock import now_ms, sleep
from core.db import Session
from core.domain.order import OrderStatus
from core.execution.events import apply_findings, findings_of
from core.execution.telling import tell
from core.models import GridStrategy
from tests.support.application import application
from tests.support.event_stream import EventClient, web_process
from tests.support.grids import fill_events, order_rows, running_grid
from tests.support.servers import RedisServer
from tests.support.waiting import wait_until
from tests.unit.web.people import Person, somebody
from web.api.events import SEND_WITHIN_S

MEMORY_OF_FIFTY_MB = 60


@pytest.fixture
def grid_id(database_url: str, redis_server: RedisServer) -> int:
    return running_grid()


@pytest.fixture
def served(grid_id: int, tmp_path: Path) -> Iterator[tuple[str, Popen[bytes]]]:
    with web_process(tmp_path) as (url, process):
        yield f"{url}/api/v1", process


@pytest.fixture
def url(served: tuple[str, Popen[bytes]]) -> str:
    return served[0]


@pytest.fixture
def owner(grid_id: int) -> Person:
    return Person(application(), 1)


def bearer(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.tokens['access_token']}"}


def warn(grid_id: int, code: str) -> None:
    with Session.begin() as session:
        tell(session, session.get_one(GridStrategy, grid_id), code, code, "WARNING")
    bus.publish_changes([f"strategy:{grid_id}"])


def fill_one(grid_id: int) -> int:
    """Books the fill of an order that rests; returns the order's id."""
    order = order_rows(grid_id, OrderStatus.PLACED)[0]
    with Session.begin() as session:
        apply_findings(session, order.account_id, findings_of(fill_events(order, 1, [order.quantity])), tokens=0)
    bus.publish_changes([f"account:{order.account_id}"])
    return order.id


def codes(client: EventClient) -> list[str]:
    return [told["code"] for told in client.of("warning")]


def test_a_stream_tells_fills_orders_statuses_prices_and_warnings(url: str, owner: Person, grid_id: int) -> None:
    clients = [EventClient(f"{url}{path}", bearer(owner)) for path in ("/events", f"/grid/events/paper/{grid_id}")]
    for client in clients:
        assert client.answer.headers["Content-Type"].startswith("text/event-stream")
        assert client.wait_for("status", lambda told: told["status"] == "RUNNING")["grid_id"] == grid_id
    wait_until(lambda: bus.redis().pubsub_numsub("changes")[0][1] == 1, 5, "one thread listens for both")
    order_id = fill_one(grid_id)
    warn(grid_id, "odd")
    mark = {"mark_price": "1.5", "index_price": "1.5", "funding_rate": "0", "at": now_ms()}
    bus.publish_marks("paper", {"BTCUSDT": mark})
    with Session.begin() as session:
        session.get_one(GridStrategy, grid_id).status = "PAUSED"
    for client in clients:
        assert Decimal(client.wait_for("fill", lambda _: True)["price"]) > 0
        assert client.wait_for("order", lambda told: told["id"] == order_id)["status"] == "FILLED"
        assert client.wait_for("warning", lambda told: told["code"] == "odd")["grid_id"] == grid_id
        assert client.wait_for("price", lambda _: True)["mark_price"] == "1.5"
        client.wait_for("status", lambda told: told["status"] == "PAUSED")
        assert len(client.of("fill")) == 1
        client.close()


def test_a_client_that_comes_back_misses_nothing(url: str, owner: Person, grid_id: int) -> None:
    client = EventClient(f"{url}/events", bearer(owner))
    warn(grid_id, "first")
    client.wait_for("warning", lambda told: told["code"] == "first")
    last = client.told[-1].id
    client.close()
    for number in range(5):
        warn(grid_id, f"missed {number}")
    fill_one(grid_id)
    for path in ("/events", f"/grid/events/paper/{grid_id}"):
        back = EventClient(f"{url}{path}", bearer(owner), since=last)
        back.wait_for("fill", lambda _: True)
        warn(grid_id, f"new {path}")
        back.wait_for("warning", lambda told, path=path: told["code"] == f"new {path}")
        heard = codes(back)
        assert heard[-1] == f"new {path}"
        assert [code for code in heard if code.startswith("missed")] == [f"missed {number}" for number in range(5)]
        back.close()


def test_without_redis_the_stream_says_so_and_goes_on(
    url: str, owner: Person, grid_id: int, redis_server: RedisServer
) -> None:
    client = EventClient(f"{url}/events", bearer(owner))
    client.wait_for("status", lambda _: True)
    redis_server.kill()
    client.wait_for("warning", lambda told: told["code"] == "broker_away")
    warn(grid_id, "meanwhile")
    client.wait_for("warning", lambda told: told["code"] == "meanwhile")
    redis_server.start()
    client.wait_for("warning", lambda told: told["code"] == "broker_back")
    client.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_client_that_reads_nothing_loses_its_stream_and_holds_up_nobody(
    url: str, owner: Person, grid_id: int
) -> None:
    good = EventClient(f"{url}/events", bearer(owner))
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host, _, port = url.split("/")[2].partition(":")
        slow.connect((host, int(port)))
        lines = ["GET /api/v1/events HTTP/1.1", f"Host: {host}", f"Authorization: {bearer(owner)['Authorization']}"]
        slow.sendall("\r\n".join([*lines, "", ""]).encode())
        wait_until(lambda: slow.recv(20, socket.MSG_PEEK), 5, "the stream has begun")
        with Session.begin() as session:
            strategy = session.get_one(GridStrategy, grid_id)
            for number in range(400):
                tell(session, strategy, f"long {number}", "x" * 20_000, "WARNING")
        good.wait_for("warning", lambda told: told["code"] == "long 399", 5)
        sleep(SEND_WITHIN_S + 1)
        slow.settimeout(5)
        told = b""
        while chunk := slow.recv(1_000_000):
            told += chunk
    assert b"long 0" in told
    assert b"long 399" not in told


def test_nobody_hears_what_is_another_users(url: str, owner: Person, grid_id: int) -> None:
    stranger = somebody(application())
    theirs, mine = EventClient(f"{url}/events", bearer(stranger)), EventClient(f"{url}/events", bearer(owner))
    warn(grid_id, "private")
    mine.wait_for("warning", lambda told: told["code"] == "private")
    assert theirs.told == []


def test_a_cookie_opens_streams_and_nothing_else(url: str, owner: Person, grid_id: int) -> None:
    with httpx.Client() as browser:
        assert browser.get(f"{url}/events").status_code == 401
        assert browser.post(f"{url}/events/cookie", headers=bearer(owner)).status_code == 204
        (cookie,) = browser.cookies.jar
        assert cookie.has_nonstandard_attr("HttpOnly")
        assert cookie.value not in owner.tokens.values()
        for path in ("/events", f"/grid/events/paper/{grid_id}"):
            with browser.stream("GET", f"{url}{path}") as answer:
                assert answer.status_code == 200
        for path in ("/connections", f"/grid/detail/paper/{grid_id}"):
            assert browser.get(f"{url}{path}").status_code == 401
        assert owner.post("/auth/logout").status_code == 204
        assert browser.get(f"{url}/events").status_code == 401


def test_fifty_streams_cost_little_and_leave_the_others_their_threads(
    served: tuple[str, Popen[bytes]], owner: Person, grid_id: int
) -> None:
    url, process = served
    before = _memory_mb(process)
    clients = [EventClient(f"{url}/events", bearer(owner)) for _ in range(50)]
    warn(grid_id, "for all")
    for client in clients:
        client.wait_for("warning", lambda told: told["code"] == "for all")
    grown = _memory_mb(process) - before
    print(f"50 event streams: {grown:.1f} MB")
    assert grown < MEMORY_OF_FIFTY_MB
    # Another sixty, of which nobody reads a byte: only those allowed are let in, and other calls are answered still.
    refused = [EventClient(f"{url}/events", bearer(owner)).answer.status_code for _ in range(12)]
    assert refused.count(429) == 2
    assert httpx.get(f"{url}/connections", headers=bearer(owner)).status_code == 200
    for client in clients:
        client.close()


def _memory_mb(process: Popen[bytes]) -> float:
    """Of the process's worker, resident."""
    (worker,) = psutil.Process(process.pid).children()
    return float(worker.memory_info().rss) / 1e6
