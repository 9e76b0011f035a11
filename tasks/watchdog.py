"""A worker that has gone deaf ends itself, and its runner starts it again.

Over a restart of the broker a busy worker can stay alive and consume nothing (its prefetch slots were never given
back, so that it asks for no more). Nothing of its own notices: only a message that does not arrive shows it. So each
worker sends itself one every two seconds, through a queue of its own that it consumes as it does the others.
"""

import os
import signal
import threading
from typing import Any

import structlog
from celery.signals import task_received, worker_ready
from kombu.entity import Queue

from core import bus, clock
from core.errors import Unavailable
from tasks.app import app, ring_in

log = structlog.get_logger()

EVERY = 2.0  # seconds
DEAF_AFTER = 10.0  # seconds without an own message, while the broker answered all the time
KEPT_FOR = 60  # seconds that the queue of a dead worker lies about

_TASK = "tasks.watchdog.heartbeat"


@app.task(name=_TASK)  # type: ignore[untyped-decorator]
def heartbeat(queue: str) -> None:
    """Its arrival is what counts: in a worker's own queue for the worker, in a shared one for the queue."""
    bus.show_life(f"queue {queue}")


class Watchdog:
    def __init__(self, queue: str) -> None:
        self._queue = queue
        self._heard_at = self._answered_since = clock.monotonic()

    def run(self) -> None:
        while True:
            clock.sleep(EVERY)
            self.send()
            if self.is_deaf():
                log.error("this worker consumes nothing: it ends", queue=self._queue)
                os.kill(os.getpid(), signal.SIGKILL)  # it may hang in more than one place

    def hear(self) -> None:
        self._heard_at = clock.monotonic()

    def is_deaf(self) -> bool:
        return clock.monotonic() - max(self._heard_at, self._answered_since) > DEAF_AFTER

    def send(self) -> None:
        try:
            bus.ping()
        except Unavailable:
            self._answered_since = clock.monotonic() + EVERY
            return
        own = Queue(self._queue, exchange="", routing_key=self._queue)  # type: ignore[no-untyped-call]
        ring_in(own, _TASK, "own")
        bus.forget_later(self._queue, KEPT_FOR)


@worker_ready.connect  # type: ignore[untyped-decorator]
def _watch(sender: Any, **_: Any) -> None:
    queue = f"worker.{sender.hostname}.{os.getpid()}"
    watchdog = Watchdog(queue)
    sender.add_task_queue(queue, exchange="", routing_key=queue)

    def hear(request: Any, **_: Any) -> None:
        if request.name == _TASK and request.args == ["own"]:
            watchdog.hear()

    task_received.connect(hear, weak=False)
    threading.Thread(target=watchdog.run, name="watchdog", daemon=True).start()
