"""What is answered while a part is away: in time, and never 500."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from core import bus
from core.clock import monotonic
from core.config import settings
from tests.support.application import application
from tests.support.environment import forget_settings
from tests.support.servers import PaperServer, RedisServer
from tests.unit.web.people import Person

RULES = "/grid/symbol-rules/paper/BTCUSDT"


@pytest.fixture(params=["hangs", "refuses", "errs"])
def venue_away(
    request: pytest.FixtureRequest, paper_server: PaperServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """Call it to take the venue away."""

    def take_away() -> None:
        if request.param == "hangs":
            paper_server.inject("latency", ms=8000, seconds=60)
        elif request.param == "refuses":
            monkeypatch.setenv("PAPER_URL", "http://127.0.0.1:1")
            settings.cache_clear()
        else:
            paper_server.inject("error", status=503, code=-1008, msg="overloaded", seconds=60)

    yield take_away
    paper_server.restore_service()


def in_time(call: Any, seconds: float = 5) -> Any:
    """The answer; in what hangs here, hangs 8 seconds or for ever. A busy machine takes a second or two of its own."""
    begun = monotonic()
    answer = call()
    assert monotonic() - begun < seconds
    return answer


def test_cached_rules_are_served_and_marked_stale(anna: Person, venue_away: Any) -> None:
    fresh: Any = anna.get(RULES).json
    venue_away()
    answer = in_time(lambda: anna.get(f"{RULES}?refresh=true"))
    stale: Any = answer.json
    assert answer.status_code == 200
    assert (fresh["stale"], stale["stale"]) == (False, True)
    assert {**stale, "stale": False} == fresh
    assert (anna.get("/grid/all-symbols/paper").json or [])[0]["stale"] is False, "fresh enough to need no question"


def test_what_needs_the_venue_is_503_after_two_seconds(anna: Person, grid: dict[str, Any], venue_away: Any) -> None:
    anna.get(RULES)
    venue_away()
    for call in (
        lambda: anna.post("/grid/create/paper", grid),
        lambda: anna.post("/grid/preview/paper", grid),
        lambda: anna.get("/market/paper/BTCUSDT"),
        lambda: anna.get("/market/paper/BTCUSDT/candles"),
    ):
        answer = in_time(call)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]


def test_without_any_rules_nobody_knows_the_symbols(app: Flask, anna: Person, venue_away: Any) -> None:
    venue_away()
    for path in (RULES, "/grid/all-symbols/paper"):
        assert in_time(lambda path=path: anna.get(path)).status_code == 503


def test_what_needs_no_venue_works(anna: Person, grid: dict[str, Any], venue_away: Any) -> None:
    anna.post("/grid/create/paper", grid)
    venue_away()
    for path in ("detail", "orders", "fills", "performance"):
        assert in_time(lambda path=path: anna.get(f"/grid/{path}/paper/1")).status_code == 200
    assert anna.get("/grid/list/paper").status_code == 200
    assert anna.post("/grid/start/paper/1").status_code == 202
    assert anna.post("/grid/stop/paper/1").status_code == 202


def test_operations_are_accepted_while_the_broker_is_away(
    anna: Person, grid: dict[str, Any], redis_server: RedisServer
) -> None:
    anna.post("/grid/create/paper", grid)
    redis_server.kill()
    for path in ("start", "stop"):
        answer = in_time(lambda path=path: anna.post(f"/grid/{path}/paper/1"))
        assert answer.status_code == 202
        assert (anna.get(f"/tasks/{answer.json['task_id']}").json or {})["state"] == "PENDING"
    assert anna.get("/grid/detail/paper/1").status_code == 200


@pytest.mark.parametrize("path", ["/grid/detail/paper/1", "/connections", "/grid/performance/paper/1"])
def test_a_broker_that_says_nothing_holds_up_no_page(
    anna: Person, grid: dict[str, Any], monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    anna.post("/grid/create/paper", grid)
    anna.post("/grid/start/paper/1")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{listener.getsockname()[1]}/0")
        settings.cache_clear()
        bus.redis.cache_clear()
        took = [seconds_of(lambda: anna.get(path)) for _ in range(3)]
        assert min(took) < 2, "the wait of a second comes once, not for each question"


def seconds_of(page: Callable[[], Any]) -> float:
    """For a process that has not yet noticed that the broker says nothing."""
    bus._silence.cache_clear()
    begun = monotonic()
    assert page().status_code == 200
    return monotonic() - begun


@pytest.fixture(params=["refuses", "says nothing"])
def lost_database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """DATABASE_URL of a server that is not there, or that takes connections and says nothing."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1] if request.param == "says nothing" else 1
    monkeypatch.setenv("DATABASE_URL", f"postgresql+psycopg://nobody@127.0.0.1:{port}/none")
    forget_settings()
    yield
    listener.close()
    forget_settings()


@pytest.mark.parametrize("path", ["/grid/list/paper", "/exchange-keys", "/tasks/abc", "/grid/detail/paper/1"])
def test_without_a_database_the_answer_is_503_in_time(anna: Person, lost_database: None, path: str) -> None:
    answer = in_time(lambda: anna.get(path))
    assert (answer.status_code, answer.json["reason"]) == (503, "database_unavailable")
    assert answer.headers["Retry-After"]


def test_nobody_logs_in_without_a_database(lost_database: None) -> None:
    client = application().test_client()
    body = {"email": "anna@example.com", "password": "long enough for all"}
    for path in ("login", "register"):
        assert in_time(lambda path=path: client.post(f"/api/v1/auth/{path}", json=body)).status_code == 503
