"""The floor of a fill's way, each part alone: a WebSocket round trip, a commit of the same rows, a Celery hop."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

from stack.procfile import argv, search_path
from stack.spawn import end, spawn


def worker_argv(module: str, queue: str) -> tuple[str, ...]:
    """A Celery worker of tests.bench.processes, as the Procfile starts ours."""
    app = f"tests.bench.processes.{module}"
    return argv(f"celery -A {app} worker --pool threads --queues {queue} --without-mingle --without-gossip")


@dataclass(frozen=True, slots=True)
class FloorSamples:
    """Milliseconds, of as many turns each."""

    websocket: list[float] = field(default_factory=list)
    commit: list[float] = field(default_factory=list)
    hop: list[float] = field(default_factory=list)

    def add(self, more: "FloorSamples") -> None:
        self.websocket.extend(more.websocket)
        self.commit.extend(more.commit)
        self.hop.extend(more.hop)

    @property
    def p50(self) -> float:
        return median(self.websocket) + median(self.commit) + median(self.hop)


class Floor:
    """The measuring process, and the worker whose task does nothing."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        env = {**environment, "PATH": search_path(environment)}
        self._worker = spawn(worker_argv("floor_app", "floor"), env=env, output=subprocess.DEVNULL)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.processes.floor_parts"],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def measure(self, turns: int) -> FloorSamples:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{turns}\n")
        self._process.stdin.flush()
        return FloorSamples(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        end(self._process, 0)
        end(self._worker, 5)
