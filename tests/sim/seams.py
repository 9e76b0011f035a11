"""Where the process meets its database and its threads: each transaction may fail, wait or be the process's last."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session as OrmSession

from core import db, deadline
from core.config import settings
from core.domain.adaptive import PERIOD, Bar
from core.errors import DatabaseUnavailable, VenueUnavailable
from core.exchange.venue_clock import VenueClock
from core.strategies import adapting
from tests.sim.faults import Faults
from tests.sim.worker import Worker
from tests.sim.world import Absence, World

_BEGIN, _READING = db._Sessions.begin, db._Sessions.reading


class Database:
    """The sessions of all processes. Within a transaction nothing is waited for."""

    def __init__(self, world: World, faults: Faults, worker: Worker) -> None:
        self._world = world
        self._faults = faults
        self._worker = worker
        self._depth = 0
        self.absence = Absence()
        db._Sessions.begin = self._begin
        db._Sessions.reading = self._reading

    @property
    def is_open(self) -> bool:
        """Whether somebody is in a transaction."""
        return self._depth > 0

    def disturb(self) -> None:
        if self._world.happens(self._faults.database_away_for_long):
            self._world.tell("the database is away")
            self.absence = self._world.away(self._world.span(1, 10))

    @contextmanager
    def _begin(self) -> Iterator[OrmSession]:
        self._approach("before a transaction")
        with self._inside(), _BEGIN(db.Session) as session:
            yield session
            session.flush()
            self._worker.may_die("before a commit", may_pause=False)
        if self._depth:
            return
        self._worker.may_die("after a commit")
        if self._world.happens(self._faults.commit_unanswered):
            raise DatabaseUnavailable("the commit was not answered")
        self._world.wait(self._world.span(0.0005, 0.01))

    @contextmanager
    def _reading(self) -> Iterator[OrmSession]:
        self._approach("before reading")
        with self._inside(), _READING(db.Session) as session:
            yield session

    def _approach(self, where: str) -> None:
        if self._depth:
            return
        self._worker.may_die(where)
        self._world.wait(self._world.span(0.0005, 0.01))
        if self.absence or self._world.happens(self._faults.database_away):
            raise DatabaseUnavailable

    @contextmanager
    def _inside(self) -> Iterator[None]:
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1


class _AtOnce:
    """A pool of threads that does its work before it returns."""

    def submit(self, work: Callable[[], Any]) -> "Future[Any]":
        done: Future[Any] = Future()
        try:
            done.set_result(work())
        except Exception as error:
            done.set_exception(error)
        return done


def without_threads(world: World) -> None:
    """Reads with a deadline are done by whoever asks, and the venue's clock is read in the background by the hub."""
    deadline._readers = _AtOnce  # type: ignore[assignment]
    VenueClock.refresh_soon = lambda clock: world.after(0.02, lambda: _measure(clock))  # type: ignore[method-assign]


def limited(world: World) -> None:
    """What may go on for an hour elsewhere ends strategies within the run, in some."""
    for name in ("VENUE_LIMIT_S", "KEY_LIMIT_S", "HALT_LIMIT_S"):
        os.environ[name] = str(world.random.choice((12, 3600)))
    settings.cache_clear()


def hours_have_passed(height: Decimal, price: Decimal) -> None:
    """Since a grid last moved; the market went up and down around `price` by `height` in each of them."""
    bar = Bar(price, price + height, price - height, price)
    adapting.candles_of = lambda *_, **__: [bar] * (PERIOD + 1)  # type: ignore[assignment]
    adapting._last = lambda *_: None  # type: ignore[assignment]


def _measure(clock: VenueClock) -> None:
    with suppress(VenueUnavailable):
        clock.measure()
