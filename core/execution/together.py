"""Whatever is told at the same moment, by streams and by replies, is booked in one transaction: it costs little more
than one alone would."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

import structlog

from core.db import Session
from core.execution.events import Consequences, Finding, apply_all

log = structlog.get_logger()

Findings = Mapping[int, Sequence[Finding]]  # by account


@dataclass(slots=True, eq=False)
class _Message:
    """What one thread has been told, and what came of it: by account, of those that have been booked."""

    found: Findings
    tokens: Mapping[int, int]
    done: dict[int, Consequences]


class Together:
    """Books for all threads of a process: one at a time, and whoever waited for its turn meanwhile with it."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._waiting: deque[_Message] = deque()

    def book(self, found: Findings, tokens: Mapping[int, int]) -> Consequences:
        """As apply_all, in a transaction that is committed when it returns."""
        mine = _Message(found, tokens, {})
        self._waiting.append(mine)
        with self._turn:
            if mine in self._waiting:
                self._book_all()
        left = {account_id: findings for account_id, findings in found.items() if account_id not in mine.done}
        if left:
            # A strategy is locked elsewhere, or something could not be booked: nobody else is to wait for that.
            with Session.begin() as session:
                mine.done |= apply_all(session, left, tokens)
        return _sum(mine.done.values())

    def _book_all(self) -> None:
        messages = [self._waiting.popleft() for _ in range(len(self._waiting))]
        found: dict[int, list[Finding]] = defaultdict(list)
        tokens: dict[int, int] = defaultdict(int)
        for message in messages:
            for account_id, findings in message.found.items():
                found[account_id] += findings
                tokens[account_id] += message.tokens.get(account_id, 0)
        try:
            with Session.begin() as session:
                done = apply_all(session, found, tokens, skip_locked=True)
        except Exception as error:
            log.info("not booked together", count=len(messages), error=str(error))
            return
        for message in sorted(messages, key=lambda one: not one.tokens):
            for account_id in message.found.keys() & done.keys():
                message.done[account_id] = done[account_id]
                done[account_id] = Consequences()  # the first of an account with tokens carries it out


def _sum(parts: Iterable[Consequences]) -> Consequences:
    total = Consequences()
    for part in parts:
        total.add(part)
    return total
