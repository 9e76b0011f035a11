"""A whole system of its own beside whatever else runs: own folder, own ports, ended with its owner."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from stack import dotenv
from stack.spawn import end, free_port, spawn
from stack.welcome import wait_until_ready

_END_S = 20.0


class StackSession:
    """`make run` in the folder `var`: embedded Redis and database, the simulated exchange on a manual feed.

    `environment` adds to the variables or replaces them; `command` may be another runner's.
    """

    command: tuple[str | Path, ...] = (sys.executable, "-m", "stack", "run")

    def __init__(self, var: Path, environment: Mapping[str, str] | None = None) -> None:
        self.var = var
        self.web_url = f"http://127.0.0.1:{free_port()}"
        self.paper_url = f"http://127.0.0.1:{free_port()}"
        self.environment = self._variables() | dict(environment or {})
        self._runner: subprocess.Popen[bytes] | None = None

    def start(self, timeout: float = 60.0) -> None:
        """Returns when everything is ready; raises TimeoutError, with the end of the log, when it is not in time."""
        self.var.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._runner = spawn(self.command, env=self.environment, output=log)
        try:
            wait_until_ready(self.web_url, timeout)
        except TimeoutError as error:
            self.stop()
            raise TimeoutError(f"{error}\n{self.log.read_text(errors='replace')[-4000:]}") from None

    def stop(self) -> None:
        if self._runner is not None:
            end(self._runner, _END_S)
            self._runner = None

    def wait_until_ended(self, timeout: float) -> int:
        """The runner's exit code; raises TimeoutExpired where it still runs after `timeout` seconds."""
        assert self._runner is not None
        return self._runner.wait(timeout)

    @property
    def log(self) -> Path:
        """What the runner printed: the lines of every process."""
        return self.var / "run.log"

    @property
    def pid(self) -> int:
        assert self._runner is not None
        return self._runner.pid

    def _variables(self) -> dict[str, str]:
        own = {
            "VAR_DIR": str(self.var),
            "PORT": self.web_url.rpartition(":")[2],
            "PAPER_URL": self.paper_url,
            "PAPER_FEED": "manual",
            "PAPER_ADMIN": "1",
            "PAPER_STATE": str(self.var / "paper"),
            "DATABASE_URL": f"sqlite:///{self.var}/gridkeeper.db",
            "REDIS_URL": "",  # beats a .env: the embedded server
            "FLOWER_BASIC_AUTH": "",
        }
        return {**os.environ, **dotenv.fresh_secrets(), **own}
