"""A host's clock of the day that is wrong by an hour for a while: put forward or back under a running process, and put
right again."""

import signal
from collections.abc import Iterator

from tests.chaos.faults.processes import send
from tests.chaos.faults.registry import Scene, Striking, fault
from tests.chaos.faults.venue import inject

HOUR_S = 3600
_HOSTS = {
    "the worker": ("worker",),
    "the listeners": ("listener supervisor", "listener claims", "listener account="),
    "the market": ("market",),
    "the beat": ("beat",),
}


def _stepped(titles: tuple[str, ...], seconds: int) -> Striking:
    def strike(scene: Scene) -> Iterator[None]:
        """Requests are lost meanwhile, so that there is something to put off to a moment of the wrong time."""
        _step(scene, titles, seconds)
        inject(scene, "no_reply", accepted=False, count=4)
        yield
        _step(scene, titles, 0)

    return strike


def _step(scene: Scene, titles: tuple[str, ...], seconds: int) -> None:
    """One that another fault has killed meanwhile begins with the right time."""
    scene.arena.clock_step.write_text(str(seconds))
    send([process.pid for title in titles for process in scene.stack.processes(f"gridkeeper: {title}")], signal.SIGUSR2)


for _name, _titles in _HOSTS.items():
    whose = f"{_name}'" if _name.endswith("s") else f"{_name}'s"
    fault(f"{whose} clock is put an hour ahead", 6.0)(_stepped(_titles, HOUR_S))
    fault(f"{whose} clock is put an hour back", 6.0)(_stepped(_titles, -HOUR_S))
