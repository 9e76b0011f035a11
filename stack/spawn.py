"""Starts child processes that can't outlive us and that are ended as whole sessions."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from core.config import ROOT

_PR_SET_PDEATHSIG = 1
_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None  # looked up before any fork


def spawn(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    output: int | IO[bytes] | None = None,
    user: int | None = None,
) -> subprocess.Popen[bytes]:
    """A child in a session of its own, stdout and stderr together; on Linux it is killed the moment we die.

    Killed and not asked to end: every process of ours may be killed at any moment, and a paused or hanging one must
    not stay behind. Call it from the main thread: the kernel watches the thread that forks.
    """
    return subprocess.Popen(  # noqa: S603 - our own command lines
        [str(part) for part in argv],
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_dies_with(os.getpid()),  # noqa: PLW1509 - one system call, no lock is taken
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    )


def die_with_parent() -> None:
    """From now on the kernel kills this process when its parent (the thread that forked it) dies; Linux only."""
    if _PRCTL is not None:
        _PRCTL(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _dies_with(parent: int) -> Callable[[], None]:
    """What a child does between fork and exec."""

    def ask_the_kernel() -> None:
        die_with_parent()
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask_the_kernel


def kill_session(leader: int) -> None:
    """SIGKILL to whatever is left of a child's session, its leader gone or not."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def end(child: "subprocess.Popen[bytes]", grace: float, ask: signal.Signals = signal.SIGTERM) -> None:
    """Asks the leader to end, waits `grace` seconds, then kills the whole session."""
    if child.poll() is None:
        child.send_signal(ask)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(grace)
    kill_session(child.pid)
    child.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int) -> bool:
    """Whether a server could listen there now (connections that are only closing don't count)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
