"""Whose rows a task may have changed."""

import pytest

from tasks.announcing import hint_of


@pytest.mark.parametrize(
    ("task", "arguments", "hint"),
    [
        ("tasks.orders.handle_events", (7, []), "account:7"),
        ("tasks.upkeep.tend", (7,), "account:7"),
        ("tasks.strategies.stop", (3, "STOP_LOSS", "-"), "strategy:3"),
        ("tasks.strategies.stop_all", (7,), "account:7"),
        ("tasks.upkeep.sweep", (), None),
        ("tasks.watchdog.heartbeat", ("orders",), None),
    ],
)
def test_a_task_hints_at_what_it_is_about(task: str, arguments: tuple[object, ...], hint: str | None) -> None:
    assert hint_of(task, arguments) == hint
