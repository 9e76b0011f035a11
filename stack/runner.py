"""Keeps the processes of the Procfile running: Redis first and last, the release command before the rest.

One thread and one loop: it waits for output, ended children and due starts. That keeps the fork safe and the kernel's
"kill it when its parent dies" tied to a thread that lives as long as the runner.
"""

import os
import selectors
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from core.clock import monotonic
from stack.child import Child


class Runner:
    """`redis` is None where the broker is somebody else's. `release` runs to its end before `children` start."""

    def __init__(self, redis: Child | None, release: Child, children: Sequence[Child], env: Mapping[str, str]) -> None:
        self._redis = redis
        self._release = release
        self._children = list(children)
        self._env = env
        self._selector = selectors.DefaultSelector()
        self._signals = 0

    def run(self) -> int:
        """Until a signal asks to end; the exit code is 0 then, 1 where the release command failed."""
        with self._woken_by_signals():
            released = self._run_release()
            if released:
                self._keep_running()
            self._end(self._children)
            self._end([self._redis] if self._redis else [])
        return 0 if released or self._signals else 1

    def _run_release(self) -> bool:
        now = monotonic()
        for child in (self._redis, self._release):
            if child is not None:
                self._start(child, now)
        process = self._release.process
        while process is not None and process.poll() is None and not self._signals:
            self._turn([self._redis] if self._redis else [])
        self._end([self._release])
        return process is not None and process.returncode == 0

    def _keep_running(self) -> None:
        everyone = ([self._redis] if self._redis else []) + self._children
        for child in self._children:
            self._start(child, monotonic())
        while not self._signals:
            self._turn(everyone)

    def _end(self, children: Sequence[Child]) -> None:
        """Asks all at once, gives each its grace, kills the rest; a second signal kills at once."""
        for child in children:
            child.ask_to_end(monotonic())
        asked = self._signals
        while any(child.process for child in children):
            if self._signals > asked:
                for child in children:
                    child.kill()
            self._turn(children, restart=False)

    def _turn(self, children: Sequence[Child], restart: bool = True) -> None:
        """Waits until something happens, at most until the next start is due, then does what there is to do."""
        for key, _ in self._selector.select(self._patience(children)):
            if key.data is None:
                os.read(key.fd, 4096)
            elif not key.data.read():
                self._forget_output(key.data)
        now = monotonic()
        for child in children:
            if child.has_ended:
                self._bury(child, now, restart)
            child.kill_if_overdue(now)
            if restart and child.due is not None and child.due <= now:
                self._start(child, now)

    def _bury(self, child: Child, now: float, restart: bool) -> None:
        child.bury(now, restart)
        self._forget_output(child)

    def _patience(self, children: Sequence[Child]) -> float:
        dues = [child.due - monotonic() for child in children if child.due is not None]
        return max(0.0, min([0.5, *dues]))

    def _start(self, child: Child, now: float) -> None:
        child.start(self._env, now)
        if child.output is not None:
            self._selector.register(child.output, selectors.EVENT_READ, child)

    def _forget_output(self, child: Child) -> None:
        if child.output is not None:
            self._selector.unregister(child.output)
            child.output.close()
            child.output = None

    @contextmanager
    def _woken_by_signals(self) -> Iterator[None]:
        """Signals end the wait in `_turn`; children's ends are noticed there."""
        woken, waker = os.pipe()
        for end in (woken, waker):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        self._selector.register(woken, selectors.EVENT_READ, None)
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, self._count_signal)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        yield

    def _count_signal(self, *_: object) -> None:
        self._signals += 1
