"""A worker with a task that does nothing but tell when it began: `celery -A tests.bench.floor_app worker -Q floor`."""

import time
from typing import Any

from core.bus import redis
from tasks.app import app

STARTS = "bench:starts"

app.conf.task_routes = {**app.conf.task_routes, "tests.bench.*": {"queue": "floor"}}


@app.task(name="tests.bench.nothing")
def nothing(account_id: int, events: list[dict[str, Any]]) -> None:
    redis().rpush(STARTS, time.monotonic_ns())
