"""Real servers for tests: Redis and the simulated exchange."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
import redis

from stack import redis as embedded_redis
from stack.spawn import end, free_port, spawn
from tests.support.venue import Venue
from tests.support.waiting import wait_until


class RedisServer:
    """A real server with an append-only file; `kill` and `start` keep port, password and data."""

    def __init__(self, folder: Path) -> None:
        self._embedded = embedded_redis.prepare(folder)
        self.url = self._embedded.url
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._folder / "redis.log").open("ab") as log:
            self._process = spawn(self._embedded.argv, output=log)
        wait_until(self._answers, 5, "Redis answers")

    def ensure_running_and_empty(self) -> None:
        if self._process is None or self._process.poll() is not None:
            self.start()
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def kill(self) -> None:
        if self._process is not None:
            end(self._process, 0)

    def copy(self) -> Path:
        """What the server has on its disk now: a replica's state, if its stream stops here."""
        copied = Path(tempfile.mkdtemp(dir=self._folder))
        shutil.copytree(self._folder / "redis" / "appendonlydir", copied / "appendonlydir")
        return copied

    def fail_over_to(self, replica: Path) -> None:
        """The server dies, and one with the replica's state answers in its place."""
        self.kill()
        shutil.rmtree(self._folder / "redis" / "appendonlydir")
        shutil.move(replica / "appendonlydir", self._folder / "redis" / "appendonlydir")
        self.start()

    def stop(self) -> None:
        if self._process is not None:
            end(self._process, 5)

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


WEIGHT_LIMIT = 1_000_000


class PaperServer(Venue):
    """`python -m core.paper` on a manual feed, with the admin surface, on a free port.

    The weight limit is out of the way unless asked for: many tests share one server and one address.
    """

    def __init__(self, folder: Path, **environment: str) -> None:
        super().__init__(f"http://127.0.0.1:{free_port()}")
        self.log = folder / "paper.log"
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        ours = {"PAPER_URL": self.url, "PAPER_FEED": "manual", "PAPER_ADMIN": "1", "PAPER_STATE": ""}
        ours["PAPER_WEIGHT_LIMIT"] = str(WEIGHT_LIMIT)
        with self.log.open("ab") as log:
            env = {**os.environ, **ours, **self._environment}
            self._process = spawn([sys.executable, "-m", "core.paper"], env=env, output=log)
        wait_until(self._answers, 15, f"the simulated exchange answers, see {self.log}")

    def kill(self) -> None:
        if self._process is not None:
            end(self._process, 0)

    def stop(self) -> None:
        if self._process is not None:
            end(self._process, 5)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text(errors="replace")[-2000:]
        try:
            return httpx.get(f"{self.url}/fapi/v1/ping", trust_env=False).is_success
        except httpx.TransportError:
            return False
