"""The Celery app as workers, beat and the web load it, and the process's sender."""

import threading
from collections.abc import Iterable
from functools import cache
from typing import Any

import structlog
from celery.signals import beat_init, setup_logging, worker_init, worker_ready
from setproctitle import setproctitle

from core import clock
from core.db import Session, follow_its_clock
from core.errors import DatabaseUnavailable
from core.exchange.pool import Pool
from core.execution.sending import Sender
from core.execution.together import Together
from core.logs import configure_logging
from core.reconciliation.account import request_all
from core.upkeep import halt_after_silence
from tasks.ringing import app, ring, ring_in

log = structlog.get_logger()

__all__ = ["app", "ring", "ring_in", "sender", "together"]


@cache
def together() -> Together:
    """The worker process's own."""
    return Together()


@cache
def sender() -> Sender:
    """The worker process's own; made at its first use, after any fork."""
    made = Sender(Pool(), together(), on_progress=_ring_progress)
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
