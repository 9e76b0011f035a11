"""`make run` from outside: ready, named, restarted, ended; with the real processes of the Procfile."""

import json
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from core.clock import monotonic, now_ms
from core.config import ROOT
from stack.api import Api
from tests.support.stack import Stack
from tests.support.waiting import wait_until

TITLES = ("web", "worker", "listener supervisor", "market", "beat", "paper")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("system")


@pytest.fixture(scope="module")
def system(folder: Path) -> Iterator[Stack]:
    running = Stack(folder)
    running.start()
    yield running
    running.stop()


def demo_login(system: Stack) -> dict[str, str]:
    file = system.var / "demo-login.json"
    wait_until(lambda: "Gridkeeper is ready" in system.log.read_text(), 15, "the login has been printed")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    return dict(json.loads(file.read_text()))


def test_every_process_bears_its_title(system: Stack) -> None:
    assert psutil.Process(system.pid).cmdline()[0].startswith("gridkeeper: run")
    for title in TITLES:
        assert system.processes(f"gridkeeper: {title}"), title


def test_every_process_works_in_the_checkout_or_below_or_in_its_own_folder(system: Stack) -> None:
    for process in psutil.Process(system.pid).children(recursive=True):
        assert Path(process.cwd()).is_relative_to(ROOT) or Path(process.cwd()).is_relative_to(system.var)


def test_the_demo_user_can_log_in_and_has_a_paper_account(system: Stack) -> None:
    api = Api(f"{system.web_url}/api/v1")
    api.login(**demo_login(system))
    assert [key["exchange"] for key in api.get_all("/exchange-keys")] == ["paper"]


def test_the_password_is_told_to_the_terminal_and_to_no_log(system: Stack) -> None:
    password = demo_login(system)["password"]
    assert password in system.log.read_text()
    assert not any(password in file.read_text() for file in (system.var / "log").iterdir())


def test_no_command_line_holds_a_secret(system: Stack) -> None:
    secrets = [demo_login(system)["password"], *(system.var / "redis.url").read_text().split(":")[2].split("@")[:1]]
    for process in [psutil.Process(system.pid), *psutil.Process(system.pid).children(recursive=True)]:
        line = " ".join(process.cmdline())
        assert not any(secret in line for secret in secrets), line


@pytest.mark.parametrize("title", TITLES)
def test_a_killed_process_is_started_again_at_once(system: Stack, title: str) -> None:
    """Started within a second; how long it then needs to import its modules depends on who else uses the cores."""
    moment = now_ms() / 1000
    killed = system.kill(f"gridkeeper: {title}")
    successor = system.wait_for_restart(f"gridkeeper: {title}", killed, timeout=20)[0]
    assert successor.create_time() - moment < 1.0 * _patience()


def test_after_all_that_everything_is_ready_again(system: Stack) -> None:
    wait_until(lambda: httpx.get(f"{system.web_url}/readyz").status_code == 200, 40, "/readyz answers 200")


def test_a_sigint_ends_everything_within_twenty_seconds_and_the_next_start_finds_what_was_there(
    system: Stack,
) -> None:
    login = demo_login(system)
    everyone = psutil.Process(system.pid).children(recursive=True)
    begun = monotonic()
    os.killpg(system.pid, signal.SIGINT)
    system.wait_until_ended(20)
    assert monotonic() - begun < 20
    assert not [process for process in everyone if process.is_running()]
    begun = monotonic()
    system.start()
    assert monotonic() - begun < 15 * _patience()
    assert demo_login(system) == login


def _patience() -> int:
    """Other tests share the machine's cores: the limits are those of a machine of our own."""
    return 2 if os.environ.get("PYTEST_XDIST_WORKER") else 1
