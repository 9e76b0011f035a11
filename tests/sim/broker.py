"""The broker between processes: it loses, doubles, delays and reorders messages, goes away and forgets."""

import json
from types import SimpleNamespace
from typing import Any

import fakeredis
from fakeredis._socket import _base
from kombu.exceptions import OperationalError

import tasks.app
from core import bus
from tests.sim.faults import Faults
from tests.sim.turned_clock import TIME
from tests.sim.worker import Worker
from tests.sim.world import World


class MovedRedis(fakeredis.FakeRedis):
    """fakeredis with the one part of INFO that is asked for."""

    run_id = "first"

    def info(self, *_: str) -> dict[str, str]:  # type: ignore[override]
        self.ping()
        return {"run_id": self.run_id}


class Broker:
    def __init__(self, world: World, faults: Faults, worker: Worker) -> None:
        self._world = world
        self._faults = faults
        self._worker = worker
        self._server = fakeredis.FakeServer()
        self._redis = MovedRedis(server=self._server, decode_responses=True)
        worker.on_kill = self._return
        tasks.app.app.send_task = self._publish  # type: ignore[method-assign]
        bus.Redis = self  # type: ignore[assignment,misc]
        bus.redis.cache_clear()
        _base.time = SimpleNamespace(time=lambda: TIME.ms / 1000)  # type: ignore[assignment]  what expires there

    def from_url(self, _url: str, **_: Any) -> MovedRedis:
        """What core.bus calls to connect."""
        return self._redis

    def _publish(self, name: str, args: tuple[Any, ...] = (), queue: object = None, **_: Any) -> None:
        self._worker.may_die(f"before ringing {name}")
        if self._world.happens(self._faults.broker_away):
            raise OperationalError("the broker is away")
        arguments = tuple(json.loads(json.dumps(args)))
        if self._world.happens(self._faults.message_dropped):
            self._world.tell(f"lost: {name}{_short(arguments)}")
            return
        for _ in range(2 if self._world.happens(self._faults.message_doubled) else 1):
            late = self._world.happens(self._faults.message_delayed)
            self._world.after(self._world.span(0.001, 10 if late else 0.02), lambda: self._deliver(name, arguments))
        self._worker.may_die(f"after ringing {name}")

    def _deliver(self, name: str, arguments: tuple[Any, ...]) -> None:
        if not self._worker.is_up:
            self._world.after(0.2, lambda: self._deliver(name, arguments))
            return
        self._world.tell(f"{name}{_short(arguments)}")
        self._worker.take(name, arguments)

    def _return(self, name: str, arguments: tuple[Any, ...]) -> None:
        """A dead worker's message comes again later, if at all."""
        if self._world.happens(0.5):
            self._world.after(self._world.span(1, 20), lambda: self._deliver(name, arguments))

    def disturb(self) -> None:
        """Redis goes away for a while, and may have forgotten everything when it is back."""
        if not self._world.happens(self._faults.redis_away):
            return
        self._world.tell("Redis is away")
        self._server.connected = False
        self._world.after(self._world.span(0.2, 6), self._come_back)

    def _come_back(self) -> None:
        self._server.connected = True
        if self._world.happens(0.5):
            self._world.tell("Redis is back and has forgotten everything")
            self._redis.flushall()
            self._redis.run_id = f"after {self._world.seconds}"


def _short(arguments: tuple[Any, ...]) -> str:
    """Arguments as a line of the trace shows them."""
    return f"({', '.join(_said(one) for one in arguments)})"


def _said(argument: Any) -> str:
    if not isinstance(argument, list):
        return str(argument)
    return "[" + " ".join(f"{one['news']['client_order_id'][:-9]}:{one['news']['status']}" for one in argument) + "]"
