"""Says what a task may have changed, after it is done: a hint for who watches. Nothing waits for it."""

import threading
from collections.abc import Sequence
from functools import cache
from queue import Empty, SimpleQueue
from typing import Any

from celery.signals import task_postrun

from core import bus, clock

GATHER_FOR = 0.05  # seconds: many tasks, one hint
_ABOUT_ACCOUNTS = (
    "tasks.orders.handle_events",
    "tasks.strategies.stop_all",
    "tasks.upkeep.tend",
    "tasks.upkeep.reconcile",
    "tasks.upkeep.read_incomes",
)


@task_postrun.connect  # type: ignore[untyped-decorator]
def _note(task: Any = None, args: Sequence[Any] = (), **_: Any) -> None:
    hint = hint_of(task.name, args)
    if hint is not None:
        _hints().put(hint)


def hint_of(task_name: str, arguments: Sequence[Any]) -> str | None:
    """Whose rows the task may have changed, as `bus.publish_changes` takes it."""
    if task_name in _ABOUT_ACCOUNTS:
        return f"account:{arguments[0]}"
    return f"strategy:{arguments[0]}" if task_name.startswith("tasks.strategies.") and arguments else None


@cache
def _hints() -> "SimpleQueue[str]":
    hints: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_publish_for_ever, args=(hints,), name="announcer", daemon=True).start()
    return hints


def _publish_for_ever(hints: "SimpleQueue[str]") -> None:
    while True:
        gathered = {hints.get()}
        clock.sleep(GATHER_FOR)
        try:
            while True:
                gathered.add(hints.get_nowait())
        except Empty:
            bus.publish_changes(gathered)
