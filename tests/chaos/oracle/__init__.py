"""The oracle: a program of its own that reads only the database and the venue's public answers, and judges.

    rows      what the database says, in one snapshot
    truth     what the venue says
    history   what became of rows over time
    orders, protection, money, secrets   the lines it judges by

It uses none of the system's code: no model, no query, no arithmetic.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.oracle import history, money, orders, protection  # noqa: F401 - they register their checks
from tests.chaos.oracle.checks import ALWAYS, QUIET, Check, Facts
from tests.chaos.oracle.rows import engine_of, read
from tests.chaos.oracle.secrets import SecretSearch
from tests.chaos.oracle.truth import VenueReader

SECRETS = "no secret lies in the open"


@dataclass(frozen=True, slots=True)
class Violation:
    """Which line of the oracle, and what it found."""

    line: str
    words: str

    def __str__(self) -> str:
        return f"{self.line}: {self.words}"


class Oracle:
    """`credentials_keys` open the accounts' keys, which sign its questions. `canaries`: secrets besides those."""

    def __init__(
        self,
        database_url: str,
        venue_url: str,
        credentials_keys: Sequence[str],
        *,
        logs: Path | None = None,
        redis_url: str = "",
        runner_pid: int | None = None,
        canaries: Sequence[str] = (),
    ) -> None:
        self._engine = engine_of(database_url)
        self._venue = VenueReader(venue_url, credentials_keys)
        self._history = history.History(self._engine)
        self._secrets = SecretSearch(self._engine, logs, redis_url, runner_pid)
        self._canaries = [*canaries, *credentials_keys]

    def always(self, accounts: Iterable[int] | None = None) -> list[Violation]:
        """What must hold at any moment. Raises where the database or the venue does not answer."""
        return _judged(self._facts(accounts), ALWAYS)

    def everything(self, accounts: Iterable[int] | None = None) -> list[Violation]:
        """That, and what must hold when all is quiet."""
        return _judged(self._facts(accounts), {**ALWAYS, **QUIET})

    def secrets(self) -> list[Violation]:
        """Whether a secret lies in the open. It reads all there is: not for every second."""
        canaries = [*self._canaries, *self._venue.secrets()]
        return [Violation(SECRETS, words) for words in self._secrets.faults(canaries)]

    def close(self) -> None:
        self._engine.dispose()

    def _facts(self, accounts: Iterable[int] | None) -> Facts:
        before = read(self._engine, accounts)
        traded = {(row["account_id"], row["symbol"]) for row in (*before.strategies, *before.fills)}
        venue = self._venue.read(before.accounts, traded)
        changes = self._history.changes()
        return Facts(before, venue, changes, read(self._engine, accounts))


def lines() -> list[str]:
    """The names of everything the oracle judges by."""
    return [*ALWAYS, *QUIET, SECRETS]


def _judged(facts: Facts, checks: Mapping[str, Check]) -> list[Violation]:
    return [Violation(line, words) for line, check in checks.items() for words in check(facts)]
