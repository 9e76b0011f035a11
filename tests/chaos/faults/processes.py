"""Processes killed and paused, and a second host."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress

from tests.chaos.faults.registry import Scene, Striking, fault

KILLED = ("web", "worker", "listener supervisor", "listener claims", "listener account=", "market", "beat", "paper")
PAUSED = ("worker", "listener supervisor", "listener claims", "listener account=", "market", "beat", "paper")
_NAMES = {
    "listener account=": "a listener",
    "listener claims": "the reader of the listeners' claims",
    "listener supervisor": "the listeners' supervisor",
    "paper": "the venue",
}


def _killed(title: str) -> Striking:
    def strike(scene: Scene) -> Iterator[None]:
        found = scene.stack.processes(f"gridkeeper: {title}")
        if found:
            scene.random.choice(found).kill()
        yield

    return strike


def _paused(title: str) -> Striking:
    def strike(scene: Scene) -> Iterator[None]:
        pids = [process.pid for process in scene.stack.processes(f"gridkeeper: {title}")]
        send(pids, signal.SIGSTOP)
        yield
        send(pids, signal.SIGCONT)

    return strike


def send(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _name(title: str) -> str:
    return _NAMES.get(title, f"the {title}")


for one in KILLED:
    fault(f"{_name(one)} is killed")(_killed(one))
for one in PAUSED:
    fault(f"{_name(one)} is paused", 8.0)(_paused(one))


@fault("every process is killed at once", 3.0)
def every_process_is_killed_at_once(scene: Scene) -> Iterator[None]:
    for title in KILLED:
        for process in scene.stack.processes(f"gridkeeper: {title}"):
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
    yield


@fault("processes are restarted in turn", 1.0)
def processes_are_restarted_in_turn(scene: Scene) -> Iterator[None]:
    """As a deploy does it."""
    for title in ("worker", "listener supervisor", "market", "beat"):
        pids = [process.pid for process in scene.stack.processes(f"gridkeeper: {title}")]
        send(pids, signal.SIGTERM)
        scene.stack.wait_for_restart(f"gridkeeper: {title}", pids, timeout=25)
    yield


@fault("a second host joins and is killed", 6.0)
def a_second_host_joins_and_is_killed(scene: Scene) -> Iterator[None]:
    scene.arena.another_worker()
    scene.arena.another("supervisor", "-m", "tasks.supervisor")
    yield
    scene.arena.end_others()


@fault("a second host takes over from a paused one", 10.0, alone=True)
def a_second_host_takes_over_from_a_paused_one(scene: Scene) -> Iterator[None]:
    """The leases run out, the other host's listeners start, and then the first host wakes up."""
    scene.arena.another_worker()
    scene.arena.another("supervisor", "-m", "tasks.supervisor")
    pids = [
        process.pid
        for title in ("worker", "listener supervisor", "listener account=")
        for process in scene.stack.processes(f"gridkeeper: {title}")
    ]
    send(pids, signal.SIGSTOP)
    yield
    send(pids, signal.SIGCONT)
    scene.arena.end_others()
