"""All processes of the Procfile under the runner, on a real PostgreSQL and Redis, with the venue that takes stamps."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from core.config import ROOT
from stack import procfile
from stack import redis as embedded_redis
from stack.machine import PROCFILES
from stack.postgres import Postgres
from stack.spawn import spawn
from stack.welcome import wait_until_ready
from tests.support.stack import Stack


class System(Stack):
    """One worker process; `environment` as the Procfile's lines get it."""

    def __init__(self, folder: Path, database_url: str) -> None:
        super().__init__(folder, {"DATABASE_URL": database_url, "LOG_LEVEL": "WARNING"})
        folder.mkdir(parents=True, exist_ok=True)
        redis = embedded_redis.prepare(folder)
        self.stamps = folder / "stamps"
        self.stamps.touch()
        self.environment |= {"REDIS_URL": redis.url, "PATH": procfile.search_path(self.environment)}
        lines = procfile.read(*PROCFILES) | {
            "redis": " ".join(redis.argv),
            "paper": f"python -m tests.bench.stamped_venue {self.stamps}",
        }
        del lines["flower"]
        self._procfile = folder / "Procfile"
        self._procfile.write_text("".join(f"{name}: {line}\n" for name, line in lines.items()))

    def start(self, timeout: float = 60.0) -> None:
        argv = [sys.executable, "-m", "tests.support.small_runner", self._procfile, self.var, "10"]
        with self.log.open("ab") as log:
            self._runner = spawn(argv, env=self.environment, cwd=ROOT, output=log)
        wait_until_ready(self.web_url, timeout)


@contextmanager
def running_system() -> Iterator[System]:
    postgres = Postgres()
    postgres.start()
    try:
        with TemporaryDirectory(prefix="gridkeeper-bench-") as folder:
            system = System(Path(folder), postgres.url())
            system.start()
            yield system
            system.stop()
    finally:
        postgres.close()
