"""The oracle's lines: each a function that yields its violations in words. Amounts are Decimals; there is no tolerance.

`always` holds at every moment of a storm, `quiet` only when nothing has happened for a while.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.chaos.oracle.rows import Row, Rows
from tests.chaos.oracle.truth import Truth


@dataclass(frozen=True, slots=True)
class Facts:
    """The database was read before and after the venue, so that what was true before must be true at the venue, and
    what is true at the venue must be true after. `changes`: what became of rows since the last time."""

    before: Rows
    venue: Truth
    changes: list[Row]
    after: Rows


Check = Callable[[Facts], Iterator[str]]
ALWAYS: dict[str, Check] = {}
QUIET: dict[str, Check] = {}


def always(name: str) -> Callable[[Check], Check]:
    return lambda check: ALWAYS.setdefault(name, check)


def quiet(name: str) -> Callable[[Check], Check]:
    return lambda check: QUIET.setdefault(name, check)
