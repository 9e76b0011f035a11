"""Which accounts are to be listened to on this host, as a process of its own reads from the database.

The supervisor loads nothing of the database by that, and does nothing between two forks: each page that it writes to is
one that the listeners forked before and after share no more.
"""

import subprocess
import sys
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import structlog

from core import clock
from core.config import ROOT

log = structlog.get_logger()

CLAIM, LOOK, RELEASE = b"claim", b"look", b"release"  # what can be asked; LOOK claims only where others trade now
ANSWER_WITHIN = 30.0  # seconds: more than the database takes at most until it counts as away
RESTART_AFTER = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Account:
    """`deaf_at`: when its stream was found deaf, by the host's steady clock."""

    id: int
    exchange: str
    api_key: str
    deaf_at: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """`accounts`: those whose leases are this host's now; None where nothing is known that was not before. `ahead_ms`:
    see core.clock."""

    accounts: list[Account] | None
    ahead_ms: int | None


class Claims:
    """Starts the process when it is first asked, and again where it has died or hangs."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection[bytes, Answer] | None = None
        self._started_at = float("-inf")

    def ask(self, word: bytes) -> list[Account] | None:
        """As in Answer; None too where there is no answer. The process's clock is followed."""
        if self._pipe is None and clock.monotonic() - self._started_at < RESTART_AFTER:
            return None
        try:
            pipe = self._pipe or self._start()
            pipe.send(word)
            if not pipe.poll(ANSWER_WITHIN):
                raise TimeoutError
            answer = pipe.recv()
        except (OSError, EOFError) as error:
            log.warning("the claims are not answered", error=type(error).__name__)
            self.close()
            return None
        clock.follow_as(answer.ahead_ms)
        return answer.accounts

    def close(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self._pipe = None

    def _start(self) -> "Connection[bytes, Answer]":
        self._started_at = clock.monotonic()
        self._pipe, theirs = Pipe()
        command = [sys.executable, "-m", "tasks.claiming", str(theirs.fileno())]
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            command, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
        )
        theirs.close()
        return self._pipe
