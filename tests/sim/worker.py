"""The worker process: its tasks side by side, its recorder, and all that it forgets when it is killed."""

import traceback
from collections import deque
from collections.abc import Callable
from queue import Empty
from typing import Any

from greenlet import getcurrent, greenlet

import tasks.app
from core import budget, bus, symbols
from core.db import Session
from core.errors import Unavailable
from core.exchange.venue_clock import _clock_at
from core.execution import identity, rates, rules
from core.execution.replies import Answered
from core.execution.sending import GATHER_FOR, Sender
from core.execution.together import Together
from core.reconciliation.account import request_all
from core.upkeep import halt_after_silence
from tasks import orders, strategies, upkeep  # noqa: F401  register their tasks
from tasks.turns import Turns
from tests.sim.faults import Faults
from tests.sim.world import World


class Killed(BaseException):
    """The process ended here, without a word."""


class Inbox:
    """The sender's queue of replies; `wake` is called when one comes in."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._waiting: deque[Answered] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, answered: Answered) -> None:
        self._waiting.append(answered)
        self._wake()

    def get(self) -> Answered:
        return self._waiting.popleft()

    def get_nowait(self) -> Answered:
        if not self._waiting:
            raise Empty
        return self._waiting.popleft()


class Worker:
    """`connect` makes the pool of a new life's trading connections; `return_unacknowledged` gets what was in hand."""

    def __init__(self, world: World, faults: Faults, connect: Callable[[], Any], alone: bool) -> None:
        self._world = world
        self._faults = faults
        self._connect = connect
        self._alone = alone
        self._pool = connect()
        self._running: dict[greenlet, tuple[str, tuple[Any, ...]] | None] = {}
        self._doomed = False
        self._recording = False
        self._steps = 0
        self.is_up = True
        self.kills = 0
        self.on_kill: Callable[[str, tuple[Any, ...]], None] = lambda _name, _arguments: None
        tasks.app.Sender = self._make_sender  # type: ignore[assignment,misc]
        self._forget()

    # --- work

    def take(self, name: str, arguments: tuple[Any, ...]) -> None:
        """Runs one message's task, beside those that are running."""
        task = tasks.app.app.tasks[name]
        self._run(name, lambda: task(*arguments), (name, arguments))

    def _run(self, name: str, work: Callable[[], None], message: tuple[str, tuple[Any, ...]] | None = None) -> None:
        def live() -> None:
            me = getcurrent()
            self._running[me] = message
            try:
                self.may_die(f"before {name}")
                work()
                self.may_die(f"after {name}")
            except Killed:
                return
            except Unavailable as error:
                self._world.tell(f"{name} gave up: {error}")
            except Exception as error:
                self._world.wrong(f"{name} raised {error!r}\n{traceback.format_exc()}")
            self._running.pop(me, None)

        self._world.begin(live)

    def _make_sender(self, _pool: object, together: Together, on_progress: Callable[..., None]) -> Sender:
        sender = Sender(self._pool, together, on_progress)
        inbox = Inbox(lambda: self._world.after(0, self._wake_recorder))
        sender._answers = inbox  # type: ignore[assignment]
        sender.start_recording = lambda: None  # type: ignore[method-assign]
        self._inbox = inbox
        return sender

    def _wake_recorder(self) -> None:
        if self.is_up and not self._recording and self._inbox:
            self._recording = True
            self._run("recorder", self._record)

    def _record(self) -> None:
        try:
            while self._inbox:
                tasks.app.sender().record_replies(self._world.span(0, 2 * GATHER_FOR))
        finally:
            self._recording = False

    # --- dying

    @property
    def is_here(self) -> bool:
        """Whether it is this process that runs now."""
        return getcurrent() in self._running

    def die_at(self, step: int) -> None:
        """The so-manieth place from now at which it may be killed; 0 for none."""
        self._steps = step

    def may_die(self, where: str, may_pause: bool = True) -> None:
        """A place where the process may be killed, or be paused for a while."""
        if not self.is_here:
            return
        if self._doomed:
            raise Killed
        self._steps -= 1
        if self._steps == 0 or self._world.happens(self._faults.killed):
            self._world.tell(f"the worker is killed {where}")
            self._doomed = True
            self._world.after(0, self.kill)
            raise Killed
        if may_pause and self._world.happens(self._faults.paused):
            seconds = self._world.span(0.5, 12)
            self._world.tell(f"paused {where} for {seconds:.1f} s")
            self._world.wait(seconds)

    def kill(self) -> None:
        """Ends every task where it stands; another life begins soon."""
        self._doomed, self.is_up = True, False
        self.kills += 1
        for one, message in list(self._running.items()):
            self._world.stop(one, Killed())
            if message is not None:
                self.on_kill(*message)
        self._pool.die()
        self._pool = self._connect()
        self._forget()
        self._world.after(self._world.span(0.3, 4), self._begin_again)

    def _begin_again(self) -> None:
        self._world.tell("the worker is up again")
        self._doomed, self.is_up = False, True
        self._run("worker_init", halt_after_silence)
        self._run("worker_ready", self._ask_for_reconciliation)

    @staticmethod
    def _ask_for_reconciliation() -> None:
        with Session.begin() as session:
            request_all(session)

    def _forget(self) -> None:
        self._running = {}
        self._recording = False
        self._inbox: Any = ()
        tasks.app.sender.cache_clear()
        symbols._books.cache_clear()
        symbols._books().reading = Turn(self._world)  # type: ignore[assignment]
        _clock_at.cache_clear()
        identity._known.clear()
        rates._failures.clear()
        rates._exchange_of.cache_clear()
        budget._alone.cache_clear()
        bus._silence.cache_clear()
        rules._cache.clear()
        upkeep._swept_at = float("-inf")
        upkeep._busy = set() if self._alone else Forgetful()
        upkeep._books = Turns(upkeep._read_books)
        tasks.app.together.cache_clear()
        tasks.app.together()._turn = Turn(self._world)  # type: ignore[assignment]


class Turn:
    """A lock that lets the others go on while somebody waits for it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._is_taken = False

    def acquire(self, timeout: float = float("inf")) -> bool:
        end = self._world.seconds + timeout
        while self._is_taken:
            if self._world.in_hub or self._world.seconds >= end:
                return False
            self._world.wait(0.001)
        self._is_taken = True
        return True

    def release(self) -> None:
        self._is_taken = False

    def __enter__(self) -> None:
        if not self.acquire():
            raise AssertionError("who holds it can't go on")

    def __exit__(self, *_: object) -> None:
        self.release()


class Forgetful(set[tuple[str, int]]):
    """What other processes are at nobody knows: so that the same account's work overlaps."""

    def add(self, element: tuple[str, int]) -> None:
        return
