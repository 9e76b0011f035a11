"""Deaths for tests: a process kills itself at the nth pass of a named point.

`KILL_POINT=after_commit:3`; unset, as in production, nothing is counted. Points stand in the thin wrappers around
commit, publish and send only, never in use cases.
"""

import os
import signal
from itertools import count

POINTS = ("before_commit", "after_commit", "before_publish", "after_publish", "before_send", "after_send")

_point, _, _nth = os.environ.get("KILL_POINT", "").partition(":")
_passes = count(1)


def passing(point: str) -> None:
    """`point` is one of POINTS. Any thread may pass."""
    if point == _point and next(_passes) == int(_nth):
        os.kill(os.getpid(), signal.SIGKILL)
