"""Flower only ever runs behind its password."""

import os
import subprocess
import sys
from collections.abc import Iterator

import httpx
import psutil
import pytest

from core.config import ROOT
from stack.spawn import end, free_port, spawn
from tests.support.servers import RedisServer
from tests.support.waiting import wait_until

COMMAND = [sys.executable, "-m", "stack", "flower"]


@pytest.fixture
def flower(redis_server: RedisServer) -> Iterator[tuple[str, int]]:
    """Its URL and process id; the login is user:password-of-flower."""
    port = free_port()
    own = {"FLOWER_BASIC_AUTH": "user:password-of-flower", "FLOWER_PORT": str(port), "REDIS_URL": redis_server.url}
    process = spawn(COMMAND, env={**os.environ, **own}, output=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: answers(url), 30, "Flower answers")
        yield url, process.pid
    finally:
        end(process, 5)


def answers(url: str) -> bool:
    try:
        return bool(httpx.get(url).status_code)
    except httpx.TransportError:
        return False


def test_without_a_password_it_refuses_to_start() -> None:
    done = subprocess.run(COMMAND, cwd=ROOT, capture_output=True, check=False, text=True, timeout=30)
    assert done.returncode != 0
    assert "set FLOWER_BASIC_AUTH" in done.stderr


def test_it_opens_with_the_password_only_and_keeps_it_out_of_the_command_line(flower: tuple[str, int]) -> None:
    url, pid = flower
    assert httpx.get(url).status_code == 401
    assert httpx.get(url, auth=("user", "password-of-flower"), follow_redirects=True).status_code == 200
    assert "password-of-flower" not in " ".join(psutil.Process(pid).cmdline())
