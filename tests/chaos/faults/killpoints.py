"""A worker that dies at a chosen step: it takes its share of the messages until then."""

from collections.abc import Iterator

from core.killpoints import POINTS
from tests.chaos.faults.registry import Scene, Striking, fault

_LATEST_PASS = {"commit": 40, "publish": 8, "send": 8}  # a worker commits far more often than it sends


def _dying(point: str) -> Striking:
    def strike(scene: Scene) -> Iterator[None]:
        nth = scene.random.randint(1, _LATEST_PASS[point.partition("_")[2]])
        scene.arena.another_worker(KILL_POINT=f"{point}:{nth}")
        yield
        scene.arena.end_others()

    return strike


for one in POINTS:
    fault(f"a worker dies {one.replace('_', ' a ')}", 7.0)(_dying(one))
