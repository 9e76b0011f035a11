"""A process of its own that computes: what takes a third of a second of a core must not hold up the threads that serve.

It is started at the first question, answers one at a time, and ends when whoever asks it has ended: the pipe between
them closes.
"""

import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Connection, Pipe
from typing import Any

from core.config import ROOT
from core.errors import Invalid, Unavailable

PATIENCE_S = 15.0
FIRST_PATIENCE_S = 60.0  # of a process that has not answered yet: on a new installation it compiles first


@dataclass(frozen=True, slots=True)
class Answer:
    """Plain values as the API tells them, or why there are none: reason, message and fields."""

    figures: dict[str, Any]
    refusal: tuple[str, str, dict[str, list[str]]] | None = None


@cache
def calculator(kind: str) -> "Calculator":
    """Of `forecast` or `suggest`: neither waits for the other."""
    return Calculator(kind)


class Calculator:
    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection[Any, Any] | None = None
        self._has_answered = False

    def begin(self) -> None:
        """Has the process there by the time that it is asked: it loads for a second what it computes with."""
        if self._turn.acquire(blocking=False):
            try:
                self._running()
            finally:
                self._turn.release()

    def ask(self, question: Any) -> dict[str, Any]:
        """The answer. Raises what the computation refuses, and Unavailable where it takes too long."""
        if not self._turn.acquire(timeout=PATIENCE_S):
            raise Unavailable("busy", "Too much is being computed: try again.")
        try:
            answer = self._answer(question)
        except (EOFError, OSError) as error:
            self._end()
            raise Unavailable("calculator_ended", "The computation ended: try again.") from error
        finally:
            self._turn.release()
        if answer.refusal is not None:
            raise Invalid(*answer.refusal)
        return answer.figures

    def _answer(self, question: Any) -> Answer:
        pipe = self._running()
        pipe.send(question)
        if not pipe.poll(PATIENCE_S if self._has_answered else FIRST_PATIENCE_S):
            raise EOFError
        answer: Answer = pipe.recv()
        self._has_answered = True
        return answer

    def _running(self) -> "Connection[Any, Any]":
        if self._process is None or self._pipe is None or self._process.poll() is not None:
            self._pipe = self._started()
        return self._pipe

    def _started(self) -> "Connection[Any, Any]":
        ours, theirs = Pipe()
        command = [sys.executable, "-m", "core.forecast.computing", self._kind, str(theirs.fileno())]
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            command, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
        )
        theirs.close()
        self._has_answered = False
        return ours

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = None
