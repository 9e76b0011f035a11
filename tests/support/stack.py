"""The real processes of the Procfile in a folder of their own, seen from outside, and the levers to hurt them."""

import os
import secrets
import signal
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import pytest

from stack.api import Api
from stack.session import StackSession
from tests.support.venue import Venue
from tests.support.waiting import wait_until

# For scenarios to which the database is nothing: each of them runs on one kind, the flows and the kills on both.
on_sqlite = pytest.mark.parametrize("stack", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("stack", ["postgresql"], indirect=True)
QUIET = ("PLACED", "PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED", "REJECTED")


class User:
    """A registered user with a paper account of `balance` USDT; `api_key` is the account's at the venue."""

    def __init__(self, stack: "Stack", balance: Decimal | int) -> None:
        self.api = Api(f"{stack.web_url}/api/v1")
        self._email, self._password = f"{secrets.token_hex(6)}@example.com", secrets.token_urlsafe(16)
        self.api.post("/auth/register", {"email": self._email, "password": self._password})
        self.log_in()
        self.api_key, self.api_secret = stack.venue.open_account(balance)
        keys = {"exchange": "paper", "api_key": self.api_key, "api_secret": self.api_secret}
        self.key_id: int = self.api.post("/exchange-keys", keys)["id"]

    def log_in(self) -> None:
        self.api.login(self._email, self._password)

    def create_grid(self, **parameters: Any) -> dict[str, Any]:
        return dict(self.api.post("/grid/create/paper", parameters))

    def start_grid(self, **parameters: Any) -> int:
        """Creates and starts a grid; returns its id once it is RUNNING with every level live."""
        grid = self.create_grid(**parameters)
        self.api.post(f"/grid/start/paper/{grid['id']}")
        self.wait_until_whole(grid["id"])
        return int(grid["id"])

    def detail(self, grid_id: int) -> dict[str, Any]:
        return dict(self.api.get(f"/grid/detail/paper/{grid_id}"))

    def orders(self, grid_id: int, **query: str) -> list[dict[str, Any]]:
        return self.api.get_all(f"/grid/orders/paper/{grid_id}", **query)

    def fills(self, grid_id: int) -> list[dict[str, Any]]:
        return self.api.get_all(f"/grid/fills/paper/{grid_id}")

    def wait_for_status(self, grid_id: int, status: str, timeout: float = 20) -> dict[str, Any]:
        return wait_until(lambda: self._when_in(grid_id, status), timeout, f"grid {grid_id} is {status}")

    def wait_until_whole(self, grid_id: int, timeout: float = 20) -> dict[str, Any]:
        """RUNNING, every intended level live, and no order whose outcome is open."""
        return wait_until(lambda: self._when_whole(grid_id), timeout, f"grid {grid_id} is whole")

    def _when_in(self, grid_id: int, status: str) -> dict[str, Any] | None:
        grid = self.detail(grid_id)
        return grid if grid["status"] == status else None

    def _when_whole(self, grid_id: int) -> dict[str, Any] | None:
        grid = self.detail(grid_id)
        whole = grid["status"] == "RUNNING" and 0 < grid["intended_levels"] == grid["live_levels"]
        return grid if whole and all(order["status"] in QUIET for order in self.orders(grid_id)) else None


class Stack(StackSession):
    """Start it seldom: it takes some seconds. Processes are found among the runner's descendants only."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        """The venue's weight limit is out of the way: tests read it far more often than the system does."""
        super().__init__(folder, {"PAPER_WEIGHT_LIMIT": "50000", **(environment or {})})
        self.venue = Venue(self.paper_url)

    def new_user(self, balance: Decimal | int = 10_000) -> User:
        return User(self, balance)

    def processes(self, title: str) -> list[psutil.Process]:
        """Ours whose title begins so, e.g. `gridkeeper: worker`."""
        return [process for process in psutil.Process(self.pid).children(recursive=True) if _is(process, title)]

    def kill(self, title: str, number: signal.Signals = signal.SIGKILL) -> list[int]:
        """Sends a signal to all processes of that title, once there are any, and returns their ids."""
        found = wait_until(lambda: self.processes(title), 10, f"there is a process with the title {title!r}")
        pids = [process.pid for process in found]
        for pid in pids:
            os.kill(pid, number)
        return pids

    def kill_redis(self) -> None:
        """SIGKILL to the embedded server; the runner starts it again with what its file holds."""
        servers = [
            process
            for process in psutil.Process(self.pid).children(recursive=True)
            if process.name() in {"valkey-server", "redis-server"}
        ]
        assert servers, "no embedded Redis"
        for server in servers:
            server.kill()

    def wait_for_restart(self, title: str, killed: list[int], timeout: float = 10) -> list[psutil.Process]:
        """The processes that took the place of those killed."""
        return wait_until(
            lambda: [process for process in self.processes(title) if process.pid not in killed],
            timeout,
            f"{title} is running again",
        )


def _is(process: psutil.Process, title: str) -> bool:
    try:
        return " ".join(process.cmdline()).startswith(title) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
