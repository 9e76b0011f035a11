"""The system under chaos: its real processes, a PostgreSQL and a Redis behind fault proxies, and the oracle's eyes."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from core.config import ROOT
from stack.postgres import Postgres
from stack.spawn import end, spawn
from tests.chaos.oracle import Oracle
from tests.chaos.oracle.history import keep_history
from tests.chaos.proxy import Proxy
from tests.support.databases import migrate
from tests.support.disk import SmallDisk, obstacle
from tests.support.servers import RedisServer
from tests.support.stack import Stack

SECRET_KEY = "a canary that must lie nowhere in the open: chaos"
_STEPPED = Path(__file__).parent / "stepped"
WORKER = ("-m", "celery", "-A", "tasks.app", "worker", "--pool", "threads", "--queues", "orders,control,upkeep")


class Arena:
    """`environment` adds to that of every process."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.credentials_key = Fernet.generate_key().decode()
        self._extra = dict(environment or {})
        self._others: list[subprocess.Popen[bytes]] = []
        self.disk = None if obstacle() else SmallDisk()
        self.postgres = Postgres(
            {"fsync": "off", "max_wal_size": "64MB", "min_wal_size": "32MB"}, self.disk and self.disk.folder
        )
        self.redis = RedisServer(folder)
        self.clock_step = folder / "clock-step"
        self.clock_step.write_text("0")

    def start(self) -> None:
        self.start_postgres()
        self.redis.start()
        self.database_url = self.postgres.url()
        migrate(self.database_url)
        keep_history(create_engine(self.database_url))
        self.database_proxy = Proxy(self._socket_of_postgres())
        self.redis_proxy = Proxy(("127.0.0.1", make_url(self.redis.url).port or 0))
        for proxy in (self.database_proxy, self.redis_proxy):
            proxy.start()
        self.stack = Stack(self.folder / "stack", self._environment())
        self.stack.start()
        self.oracle = Oracle(
            self.database_url,
            self.stack.paper_url,
            [self.credentials_key],
            logs=self.folder / "stack",
            redis_url=self.redis.url,
            runner_pid=self.stack.pid,
            canaries=[SECRET_KEY],
        )

    def stop(self) -> None:
        for other in self._others:
            end(other, 0)
        if hasattr(self, "oracle"):
            self.oracle.close()
        if hasattr(self, "stack"):
            self.stack.stop()
        self.redis.stop()
        self.postgres.close()
        if self.disk is not None:
            self.disk.close()

    def start_redis(self) -> None:
        """Where it does not run."""
        with Redis.from_url(self.redis.url, socket_timeout=2) as client:
            try:
                client.ping()
            except RedisConnectionError:
                self.redis.start()

    def stop_postgres(self) -> None:
        """As a crash does."""
        self.postgres.stop(signal.SIGQUIT)

    def start_postgres(self) -> None:
        """Where it does not run."""
        if not self.postgres.is_running:
            self.postgres.start()

    def age(self, *changes: str) -> None:
        """`table SET column = column`: as if that had been hours ago. The database may be away."""
        with suppress(OperationalError), create_engine(self.database_url).begin() as connection:
            for change in changes:
                connection.execute(text(f"UPDATE {change} - INTERVAL '5 hours'"))

    def another(self, name: str, *argv: str, **environment: str) -> subprocess.Popen[bytes]:
        """One more process of the system, as on another host: nobody restarts it."""
        var = self.folder / "stack" / f"other-{name}"
        var.mkdir(parents=True, exist_ok=True)
        variables = {**os.environ, **self._environment(), "PAPER_URL": self.stack.paper_url, "VAR_DIR": str(var)}
        with (var / "run.log").open("ab") as log:
            process = spawn([sys.executable, *argv], env={**variables, **environment}, output=log)
        self._others.append(process)
        return process

    def another_worker(self, **environment: str) -> subprocess.Popen[bytes]:
        options = ("--without-mingle", "--without-gossip", "--hostname", f"other{len(self._others)}@%h")
        return self.another(f"worker-{len(self._others)}", *WORKER, *options, **environment)

    def end_others(self) -> None:
        """Those of `another`, hard."""
        for process in self._others:
            if process.poll() is None:
                os.kill(process.pid, signal.SIGCONT)
            end(process, 0)
        self._others.clear()

    def _environment(self) -> dict[str, str]:
        database = make_url(self.database_url).difference_update_query(["host", "port"])
        behind = database.set(host="127.0.0.1", port=self.database_proxy.port)
        broker = self.redis.url.replace(str(make_url(self.redis.url).port), str(self.redis_proxy.port), 1)
        return {
            "DATABASE_URL": behind.render_as_string(hide_password=False),
            "REDIS_URL": broker,
            "SECRET_KEY": SECRET_KEY,
            "CREDENTIALS_KEYS": self.credentials_key,
            "PAPER_WEIGHT_LIMIT": "2400",
            "PYTHONPATH": f"{_STEPPED}{os.pathsep}{ROOT}",
            "CLOCK_STEP": str(self.clock_step),
            **self._extra,
        }

    def _socket_of_postgres(self) -> Path:
        query = make_url(self.database_url).query
        return Path(str(query["host"])) / f".s.PGSQL.{query['port']}"
