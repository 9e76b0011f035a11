"""A forecast through the real processes: the worker loads the candles, the web process's child computes."""

from typing import Any

import httpx

from stack.api import Answer
from tests.e2e.test_flows import GRID, SYMBOL
from tests.support.stack import Stack, User, on_postgresql
from tests.support.waiting import wait_until


@on_postgresql
def test_what_a_grid_may_come_to_is_told_and_kept_beside_what_comes(stack: Stack, user: User) -> None:
    told = _answered(user, "/grid/forecast/paper", GRID)
    assert told["history"]["candles"] >= 1440
    if told["history"]["task_id"] is not None:
        wait_until(lambda: _is_loaded(user, told["history"]["task_id"]), 30, "the candles are loaded")
    wanted = {"symbol": SYMBOL, "total_investment": "2000", "aim": "balanced"}
    suggested = _answered(user, "/grid/suggest/paper", wanted)
    assert suggested["sets"]
    grid_id = user.start_grid(**GRID)
    wait_until(lambda: _performance(user, grid_id)["forecast"] is not None, 60, "the forecast is kept")


def _answered(user: User, path: str, question: dict[str, Any]) -> Any:
    """Asked again while the candles are being loaded, or the process that computes is not up yet."""
    answers: list[Any] = []

    def is_answered() -> bool:
        try:
            answers.append(user.api.post(path, question))
        except httpx.TimeoutException:
            return False
        except Answer as refused:
            if refused.status != 503 and "too_little_history" not in str(refused):
                raise
        return bool(answers)

    wait_until(is_answered, 60, f"{path} answers")
    return answers[0]


def _is_loaded(user: User, task_id: str) -> bool:
    task = user.api.get(f"/tasks/{task_id}")
    assert task["state"] != "FAILURE", task
    return bool(task["state"] == "SUCCESS")


def _performance(user: User, grid_id: int) -> dict[str, Any]:
    return user.api.get(f"/grid/performance/paper/{grid_id}")
