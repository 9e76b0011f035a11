"""One host of several: the Procfile's processes alone, on a database, a broker and an exchange that others use too."""

import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil

from core.config import ROOT
from stack import procfile
from tests.support.servers import PaperServer
from tests.support.stack import Stack
from tests.support.venue import Venue

_GRACE_S = 6.0


class Host(Stack):
    """`environment` names what is shared: DATABASE_URL, REDIS_URL and the secrets."""

    def __init__(self, folder: Path, paper: PaperServer, environment: Mapping[str, str]) -> None:
        shared = {"PAPER_URL": paper.url, "PATH": procfile.search_path(os.environ)}
        super().__init__(folder, {**shared, **environment})
        self.paper_url, self.venue = paper.url, Venue(paper.url)
        self._procfile = folder / "Procfile"
        self.command = (sys.executable, "-m", "tests.support.small_runner", self._procfile, folder, str(_GRACE_S))

    def start(self, timeout: float = 60.0) -> None:
        commands = {name: line for name, line in procfile.read(ROOT / "Procfile").items() if name != "flower"}
        commands["web"] += f" --bind {self.web_url.removeprefix('http://')}"
        self.var.mkdir(parents=True, exist_ok=True)
        self._procfile.write_text("".join(f"{name}: {line}\n" for name, line in commands.items()))
        super().start(timeout)

    def die(self) -> None:
        """SIGKILL to every process of the host, as when its power fails."""
        runner = psutil.Process(self.pid)
        for process in [runner, *runner.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def accounts(self) -> list[int]:
        """Ids of the exchange keys that this host's listeners serve, one for each process."""
        listeners = self.processes("gridkeeper: listener account=")
        return sorted(int(" ".join(process.cmdline()).rpartition("=")[2]) for process in listeners)
