"""Only one runner per folder, and only on ports that nobody else uses."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from core.clock import monotonic, sleep
from core.errors import ConfigurationError
from stack.spawn import port_is_free

_LEFTOVERS_END_S = 5.0


@contextmanager
def only_one(var: Path) -> Iterator[None]:
    """Holds `var`/run.pid locked (the kernel frees it with the process); raises where another runner holds it."""
    with (var / "run.pid").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise ConfigurationError(f"already running in this folder (process {file.read().strip()})") from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
        file.truncate(0)


def wait_for_ports(ports: dict[str, int]) -> None:
    """Variable name -> port. What a killed runner left needs a moment to end; raises naming the variable after that."""
    deadline = monotonic() + _LEFTOVERS_END_S
    for variable, port in ports.items():
        while not port_is_free(port):
            if monotonic() >= deadline:
                raise ConfigurationError(f"port {port} is in use: set {variable}")
            sleep(0.1)


def port_of(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)
