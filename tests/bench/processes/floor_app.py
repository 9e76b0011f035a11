"""A worker whose task tells when it began, and does nothing: `celery -A tests.bench.processes.floor_app worker`."""

import time
from typing import Any

from core.bus import redis
from tasks.app import app

STARTS = "bench:starts"

app.conf.task_routes = {**app.conf.task_routes, "tests.bench.*": {"queue": "floor"}}


@app.task(name="tests.bench.nothing")
def nothing(account_id: int, events: list[dict[str, Any]]) -> None:
    redis().rpush(STARTS, time.monotonic_ns())
