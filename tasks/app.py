"""The Celery app, the process's sender, and `ring`: how everybody enqueues."""

import threading
from collections.abc import Iterable
from functools import cache
from typing import Any

import structlog
from celery import Celery
from celery.signals import beat_init, setup_logging, worker_init, worker_ready
from kombu.entity import Queue
from kombu.exceptions import OperationalError
from setproctitle import setproctitle

from core import clock
from core.db import Session, follow_its_clock
from core.errors import DatabaseUnavailable
from core.exchange.pool import Pool
from core.execution.sending import Sender
from core.killpoints import passing
from core.logs import configure_logging
from core.reconciliation.account import request_all
from core.upkeep import halt_after_silence

log = structlog.get_logger()

app = Celery("gridkeeper")
app.config_from_object("celeryconfig")


def answer_within(seconds: float) -> None:
    """How long `ring` may take in this process. For those that only publish: a worker's own waits are longer."""
    app.conf.broker_transport_options = {**app.conf.broker_transport_options, "socket_timeout": seconds}


def preload() -> None:
    """For processes that fork, before they do: what every child would load to publish. Opens no connection."""
    app.connection_for_write().get_transport_cls()
    _ = app.amqp.Producer, app.amqp.queues, app.amqp.router, app.backend, app.events, app.Task  # made at first use


def ring(task_name: str, *arguments: Any) -> bool:
    """Enqueues a task; False where the broker is away. Call it after the commit: what is lost the sweep rings again."""
    return ring_in(None, task_name, *arguments)


def ring_in(queue: Queue | None, task_name: str, *arguments: Any) -> bool:
    """The same in a queue other than the task's usual one."""
    passing("before_publish")
    try:
        # Celery would describe all arguments in the message, for Flower: the events of a fill at length.
        app.send_task(task_name, args=arguments, argsrepr=repr(arguments[:1]), kwargsrepr="{}", queue=queue)
    except (OperationalError, OSError) as error:
        log.warning("the broker is away", task=task_name, error=type(error).__name__)
        return False
    passing("after_publish")
    return True


@cache
def sender() -> Sender:
    """The worker process's own; made at its first use, after any fork."""
    made = Sender(Pool(), on_progress=_ring_progress)
    made.start_recording()
    return made


def _ring_progress(strategy_ids: Iterable[int]) -> None:
    for strategy_id in strategy_ids:
        ring("tasks.strategies.advance", strategy_id)


@setup_logging.connect  # type: ignore[untyped-decorator]
def _set_up_logging(**_: Any) -> None:
    configure_logging()


@beat_init.connect  # type: ignore[untyped-decorator]
def _begin_beat(**_: Any) -> None:
    """A step of the host's clock would let it wait or hurry: it goes by its own, as it was at the start."""
    setproctitle("gridkeeper: beat")
    clock.follow(clock.now_ms())
    app.now = clock.now


@worker_init.connect  # type: ignore[untyped-decorator]
def _halt_after_silence(**_: Any) -> None:
    """Before the first message: after a long silence nothing is opened until the account has been read."""
    follow_its_clock()
    try:
        halt_after_silence()
    except DatabaseUnavailable as error:
        log.warning("the database is away", error=str(error))


@worker_ready.connect  # type: ignore[untyped-decorator]
def _reconcile_all(**_: Any) -> None:
    """What a dead worker had in its hands nobody knows: every account is read again."""
    setproctitle("gridkeeper: worker")  # here, because Celery sets a title of its own until now

    def ask() -> None:
        try:
            with Session.begin() as session:
                request_all(session)
        except DatabaseUnavailable as error:
            log.warning("reconciliation could not be asked for", error=str(error))

    threading.Thread(target=ask, daemon=True).start()
