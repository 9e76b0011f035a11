"""The embedded Redis-compatible server: behind a password, keeps its data, keeps its address."""

import socket
import stat
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from core.config import VAR, embedded_redis_url
from stack.redis import prepare
from tests.support.servers import RedisServer


def test_data_survives_a_kill(redis_server: RedisServer) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        client.set("price", "100")
    redis_server.kill()
    redis_server.start()
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.get("price") == b"100"


def test_without_the_password_it_answers_nothing(redis_server: RedisServer) -> None:
    port = urlsplit(redis_server.url).port
    with redis.Redis(port=port) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_nothing_is_ever_evicted(redis_server: RedisServer) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_the_address_is_published_for_its_owner_only_where_the_settings_look_for_it() -> None:
    server = prepare(VAR)
    assert embedded_redis_url() == server.url
    for file in (VAR / "redis.url", VAR / "redis" / "redis.conf"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_next_start_keeps_the_address(tmp_path: Path) -> None:
    assert prepare(tmp_path).url == prepare(tmp_path).url


def test_an_address_taken_meanwhile_is_replaced(tmp_path: Path) -> None:
    first = prepare(tmp_path).url
    with socket.create_server(("127.0.0.1", urlsplit(first).port)):
        assert prepare(tmp_path).url != first
