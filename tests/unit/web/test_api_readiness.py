"""What operators ask: alive, ready, metrics."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from core import bus
from core.clock import now_ms
from core.db import Session
from tests.support.environment import forget_settings
from tests.support.servers import PaperServer, RedisServer


def missing(client: FlaskClient) -> dict[str, str]:
    answer = client.get("/readyz")
    body: Any = answer.json
    assert answer.status_code == (503 if body["not_ready"] else 200)
    return {entry["part"]: entry["reason"] for entry in body["not_ready"]}


def show_life_of_all() -> None:
    for part in bus.PARTS:
        bus.show_life(part)


def test_it_is_alive_whatever_is_missing(client: FlaskClient) -> None:
    assert client.get("/healthz").status_code == 200


def test_everything_that_is_missing_is_named_with_its_reason(client: FlaskClient) -> None:
    found = missing(client)
    queues = {"queue orders", "queue control", "queue upkeep"}
    assert set(found) == {"broker", "venue", "worker", "listener", "market", "beat", *queues}
    assert "paper" in found["venue"]
    assert client.get("/readyz").headers["Retry-After"]


def test_ready_means_that_nothing_is_missing(
    client: FlaskClient, redis_server: RedisServer, paper_server: PaperServer
) -> None:
    show_life_of_all()
    assert missing(client) == {}


def test_a_part_that_was_silent_for_ten_seconds_is_missing(
    client: FlaskClient, redis_server: RedisServer, paper_server: PaperServer
) -> None:
    show_life_of_all()
    bus.redis().hset("life", "beat", now_ms() - 10_500)
    assert set(missing(client)) == {"beat"}


def test_an_old_schema_is_not_ready(client: FlaskClient, redis_server: RedisServer, paper_server: PaperServer) -> None:
    show_life_of_all()
    with Session.begin() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    assert "0000" in missing(client)["database"]


def test_without_a_database_it_is_not_ready(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    forget_settings()
    assert "database" in missing(client)


def test_metrics_are_prometheus_text(client: FlaskClient, redis_server: RedisServer) -> None:
    bus.show_life("beat")
    client.get("/api/v1/nothing")
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain")
    assert 'gridkeeper_http_requests_total{endpoint="none",method="GET",status="404"}' in answer.text
    assert 'gridkeeper_life_age_seconds{part="beat"}' in answer.text


def test_metrics_do_without_a_database(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    forget_settings()
    assert client.get("/metrics").status_code == 200
