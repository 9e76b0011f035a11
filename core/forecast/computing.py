"""The process behind `calculator`: questions in, answers out, until the pipe closes."""

import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from setproctitle import setproctitle

from core.errors import Invalid
from core.forecast.calculator import Answer
from core.forecast.forecasting import forecast
from core.forecast.suggesting import suggest


def serve(kind: str, descriptor: int) -> None:
    computations: dict[str, Callable[[Any], dict[str, Any]]] = {"forecast": forecast, "suggest": suggest}
    compute = computations[kind]
    pipe: Connection[Any, Any] = Connection(descriptor)
    while True:
        try:
            question = pipe.recv()
        except EOFError:
            return
        try:
            answer = Answer(compute(question))
        except Invalid as refused:
            answer = Answer({}, (refused.reason, refused.message, refused.fields))
        pipe.send(answer)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for who asks: this one ends with it
    setproctitle(f"gridkeeper: {sys.argv[1]}")
    serve(sys.argv[1], int(sys.argv[2]))
