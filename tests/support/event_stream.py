"""A web process of its own, and a client of its event streams."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx

from core.config import ROOT
from stack.spawn import end, free_port, spawn
from tests.support.waiting import wait_until


@contextmanager
def web_process(folder: Path) -> Iterator[tuple[str, Popen[bytes]]]:
    """gunicorn as the Procfile starts it, with this process's environment: (URL, process)."""
    address = f"127.0.0.1:{free_port()}"
    with (folder / "web.log").open("ab") as log:
        process = spawn([Path(sys.executable).parent / "gunicorn", "wsgi:app", "--bind", address], output=log, cwd=ROOT)
    try:
        wait_until(lambda: _is_alive(f"http://{address}/healthz"), 20, "the web process answers")
        yield f"http://{address}", process
    finally:
        end(process, 0)  # asked kindly it would wait for its streams


def _is_alive(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


@dataclass(frozen=True)
class Told:
    kind: str
    id: str
    data: dict[str, Any]


class EventClient:
    """Reads a stream in a thread of its own until it is closed or ends."""

    def __init__(self, url: str, headers: dict[str, str], since: str | None = None) -> None:
        self.told: list[Told] = []
        self.ended = threading.Event()
        self._http = httpx.Client(timeout=httpx.Timeout(5, read=30))
        last = {} if since is None else {"Last-Event-ID": since}
        request = self._http.build_request("GET", url, headers={**headers, **last})
        self.answer = self._http.send(request, stream=True)
        threading.Thread(target=self._read, daemon=True).start()

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [told.data for told in self.told if told.kind == kind]

    def wait_for(self, kind: str, is_it: Callable[[dict[str, Any]], bool], timeout: float = 8) -> dict[str, Any]:
        """The first of that kind that passes."""
        return wait_until(lambda: next(filter(is_it, self.of(kind)), None), timeout, f"{kind} in {self.told}")

    def close(self) -> None:
        self.answer.close()
        self._http.close()

    def _read(self) -> None:
        fields: dict[str, str] = {}
        try:
            for line in self.answer.iter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif "data" in fields:
                    self.told.append(Told(fields["event"], fields.get("id", ""), json.loads(fields["data"])))
                    fields = {}
        except (httpx.HTTPError, httpx.StreamError, OSError):
            pass
        self.ended.set()
