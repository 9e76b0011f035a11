"""The Celery app itself, and `ring`: how everybody enqueues. Loads nothing of the database, nor of what tasks do."""

from typing import Any

import structlog
from celery import Celery
from kombu.entity import Queue
from kombu.exceptions import OperationalError

from core.killpoints import passing

log = structlog.get_logger()

app = Celery("gridkeeper")
app.config_from_object("celeryconfig")


def answer_within(seconds: float) -> None:
    """How long `ring` may take in this process. For those that only publish: a worker's own waits are longer."""
    app.conf.broker_transport_options = {**app.conf.broker_transport_options, "socket_timeout": seconds}


def preload() -> None:
    """For processes that fork, before they do: what every child would load to publish. Opens no connection."""
    app.connection_for_write().get_transport_cls()
    amqp = app.amqp
    _ = amqp.Producer, amqp.queues, amqp.router, amqp.send_task_message  # made at first use, as are these:
    _ = app.backend, app.events, app.Task


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
