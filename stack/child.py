"""One process that the runner keeps alive."""

import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

from stack.console import Lines
from stack.spawn import kill_session, spawn

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0
STEADY_AFTER_S = 10.0


@dataclass(slots=True)
class Child:
    """`grace`: seconds between the request to end and the kill. `once`: not started again after it succeeded.

    Times are those of core.clock.monotonic, seconds.
    """

    name: str
    argv: tuple[str, ...]
    lines: Lines
    grace: float = 6.0
    once: bool = False
    process: "subprocess.Popen[bytes] | None" = None
    due: float | None = None
    output: IO[bytes] | None = None
    _started: float = 0.0
    _pause: float = FIRST_PAUSE_S
    _kill_at: float | None = field(default=None)

    def start(self, env: Mapping[str, str], now: float) -> None:
        self.process = spawn(self.argv, env=env, output=subprocess.PIPE)
        self.output = self.process.stdout
        self._started, self.due, self._kill_at = now, None, None
        if self.output is not None:
            os.set_blocking(self.output.fileno(), False)

    def read(self) -> bool:
        """Passes on some of what it has written; False when nothing more will come."""
        return self._pass_on() != b""

    def _pass_on(self) -> bytes | None:
        """What has just been passed on; None where there was nothing yet, empty at the end."""
        if self.output is None:
            return b""
        try:
            data = os.read(self.output.fileno(), 65536)
        except BlockingIOError:
            return None
        self.lines.feed(data)
        return data

    @property
    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def bury(self, now: float, restart: bool) -> None:
        """It has ended: what it left behind is killed and, if wanted, its next start is due."""
        assert self.process is not None
        code = self.process.returncode
        kill_session(self.process.pid)
        while self._pass_on():
            pass  # its last words
        self.lines.flush()
        self.process = None
        if restart and not (self.once and code == 0):
            self.due = now + self._next_pause(now)
            self.lines.say(f"ended ({_ending(code)}), starting again")

    def ask_to_end(self, now: float) -> None:
        """TERM to the leader only: a worker's own children must not be cut in the middle of a task."""
        self.due = None
        if self.process is not None and self._kill_at is None:
            self._kill_at = now + self.grace
            self.process.terminate()

    def kill_if_overdue(self, now: float) -> None:
        if self.process is not None and self._kill_at is not None and now >= self._kill_at:
            self.lines.say(f"did not end within {self.grace:.0f} s: killed")
            self.kill()

    def kill(self) -> None:
        if self.process is not None:
            kill_session(self.process.pid)

    def _next_pause(self, now: float) -> float:
        if now - self._started >= STEADY_AFTER_S:
            self._pause = FIRST_PAUSE_S
        pause, self._pause = self._pause, min(self._pause * 2, LONGEST_PAUSE_S)
        return pause


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
