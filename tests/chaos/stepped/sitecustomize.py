"""Python imports this at its start where this folder is on PYTHONPATH: at a SIGUSR2 the process's clock of the day goes
as many seconds ahead as the file CLOCK_STEP says, for Python and all its libraries; the steady clock goes on.

Forked children do as their parent did at the fork, and at their own signal.
"""

import os
import signal
from datetime import timedelta
from pathlib import Path

import time_machine

_file = Path(os.environ.get("CLOCK_STEP", ""))
_steps: list[time_machine.travel] = []


def _step(*_: object) -> None:
    while _steps:
        _steps.pop().stop()
    seconds = int(_file.read_text())
    if seconds:
        _steps.append(time_machine.travel(timedelta(seconds=seconds)))
        _steps[0].start()


if _file.is_file():
    signal.signal(signal.SIGUSR2, _step)
