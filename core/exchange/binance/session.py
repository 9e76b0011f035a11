"""One WebSocket session with the order API: pipelined requests, answered by a thread of its own."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import structlog

from core import clock
from core.exchange.binance.link import Link, LinkLost, NotSent
from core.exchange.binance.numbers import loads
from core.exchange.binance.rest import error_of

log = structlog.get_logger()

REPLY_TIMEOUT = 10.0  # seconds
_TICK = 1.0  # seconds; how late a missing reply may be noticed


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a request: `status` as in HTTP, `result` of a success, `code` and `message` of a refusal."""

    status: int
    result: Any = None
    code: int | None = None
    message: str = ""


class NoAnswer(Exception):
    """It was sent, and nothing usable came back."""


OnAnswer = Callable[[Answer | NoAnswer], None]


@dataclass(frozen=True, slots=True)
class _Waiting:
    on_answer: OnAnswer
    until: float


class Session:
    """Owns a connected link. `on_answer` is called exactly once for each request that was sent."""

    def __init__(self, link: Link, name: str) -> None:
        self._link = link
        self._waiting: dict[int, _Waiting] = {}
        self._lock = threading.Lock()
        self._ids = count(1)
        self._retired = False
        self.opened_at = clock.monotonic()
        self.ended_because: NoAnswer | None = None
        self.refused: Answer | None = None  # the venue's word that the key itself is no longer good
        self._thread = threading.Thread(target=self._run, name=f"trading {name}", daemon=True)
        self._thread.start()

    @property
    def is_open(self) -> bool:
        return self.ended_because is None and not self._retired

    def ask(self, method: str, params: dict[str, str | int], on_answer: OnAnswer) -> None:
        """Raises NotSent, and then `on_answer` is not called."""
        number = next(self._ids)
        text = json.dumps({"id": number, "method": method, "params": params}, separators=(",", ":"))
        with self._lock:
            if not self.is_open:
                raise NotSent
            # Registered before the write: the answer may be faster than the return from it.
            self._waiting[number] = _Waiting(on_answer, clock.monotonic() + REPLY_TIMEOUT)
        try:
            self._link.send(text)
        except NotSent:
            if self._take(number) is not None:
                raise
        except LinkLost as lost:
            self._finish(number, NoAnswer(f"lost after the write: {lost}"))

    def retire(self) -> None:
        """Takes no more requests, and closes as soon as those on their way are answered."""
        with self._lock:
            self._retired = True
            idle = not self._waiting
        if idle:
            self._link.close()

    def _run(self) -> None:
        reason = "closed"
        try:
            while not self._is_done():
                for message in self._link.receive(_TICK):
                    self._read(message)
                self._give_up_overdue()
        except LinkLost as lost:
            reason = str(lost)
        except Exception:  # the thread must end in order, whatever happened: requests wait for their word
            log.exception("trading session failed")
            reason = "failed"
        self._end(NoAnswer(reason))

    def _is_done(self) -> bool:
        with self._lock:
            return self._retired and not self._waiting

    def _read(self, message: bytes) -> None:
        try:
            content = loads(message)
            answer = answer_of(content)
            number = content.get("id")
        except (ValueError, TypeError, AttributeError):
            log.warning("a message of the venue is not usable", size=len(message))
            return  # whichever request it was meant for runs into its timeout
        if number is None and answer.status == 401:
            self.refused = answer
            raise LinkLost(f"{answer.code}: {answer.message}")
        if isinstance(number, int):
            self._finish(number, answer)

    def _give_up_overdue(self) -> None:
        now = clock.monotonic()
        with self._lock:
            overdue = [number for number, waiting in self._waiting.items() if waiting.until <= now]
        for number in overdue:
            self._finish(number, NoAnswer(f"no reply within {REPLY_TIMEOUT:g} s"))

    def _end(self, reason: NoAnswer) -> None:
        with self._lock:
            self.ended_because = reason
            numbers = list(self._waiting)
        self._link.close()
        for number in numbers:
            self._finish(number, reason)

    def _take(self, number: int) -> _Waiting | None:
        with self._lock:
            return self._waiting.pop(number, None)

    def _finish(self, number: int, answer: Answer | NoAnswer) -> None:
        waiting = self._take(number)
        if waiting is None:
            return  # a reply after its timeout, or one nobody asked for
        try:
            waiting.on_answer(answer)
        except Exception:  # one caller's mistake must not cost the others their replies
            log.exception("a reply's handler failed")


def answer_of(content: Any) -> Answer:
    """Raises ValueError, TypeError or AttributeError for what is no answer."""
    status = int(content["status"]) if "status" in content else 0
    code, message = error_of(content.get("error"))
    return Answer(status, content.get("result"), code, message)
