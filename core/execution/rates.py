"""What may be sent to a venue now: its order limits per account, and the circuit breakers.

The limits are the venue's: 300 orders in 10 s and 1,200 in a minute. A part is kept back for closing orders.
"""

from collections.abc import Sequence
from functools import cache

from core import budget
from core.budget import Window
from core.db import Session
from core.exchange import address_of
from core.exchange.base import Outcome, Reply
from core.models import ExchangeApi

# (window in ms, orders in it)
LIMITS = ((10_000, 300), (60_000, 1200))
RESERVE = 0.1  # of each limit, for closing orders
PATIENCE = (5, 25)  # of an account, of a venue: sends that failed one after another until a breaker opens
FIRST_PAUSE_MS = 2_000
LONGEST_PAUSE_MS = 10_000
_THROTTLED = (-1003, -1008, -1015, -1016)

_failures: dict[str, int] = {}  # in a row, as this process has seen them; a key only where there are any


def take(account_id: int, wanted: int, closing: bool = False) -> int:
    """How many of `wanted` orders the account may send now: 0 .. wanted."""
    windows = [
        Window(f"orders:{account_id}", length, int(limit * (1 if closing else 1 - RESERVE))) for length, limit in LIMITS
    ]
    return budget.take(windows, wanted, gates=[*_gates(account_id), address_of(_exchange_of(account_id)).rest])


def note(account_id: int, replies: Sequence[Reply]) -> None:
    """Sends that a venue does not take open the breakers of account and venue: each order more would only be one more
    whose outcome is not known. A success closes them."""
    for gate, patience in zip(_gates(account_id), PATIENCE, strict=True):
        for reply in replies:
            if has_failed(reply):
                _note_failure(gate, patience)
            elif _failures.pop(gate, 0):
                budget.open_gate(gate)


def _gates(account_id: int) -> tuple[str, str]:
    return f"account:{account_id}", f"venue:{_exchange_of(account_id)}"


@cache
def _exchange_of(account_id: int) -> str:
    with Session.reading() as session:
        return session.get_one(ExchangeApi, account_id).exchange


def has_failed(reply: Reply) -> bool:
    """Nothing that is the order's own fault: breakers pace it. An attempt that was too late to be sent has no words."""
    if reply.outcome is Outcome.UNKNOWN:
        return True
    if reply.outcome is Outcome.NOT_SENT:
        return bool(reply.message)
    return reply.outcome is Outcome.RETRY and reply.code in _THROTTLED


def _note_failure(gate: str, patience: int) -> None:
    _failures[gate] = _failures.get(gate, 0) + 1
    rounds, rest = divmod(_failures[gate], patience)
    if rest == 0:
        pause = min(FIRST_PAUSE_MS * 2 ** (rounds - 1), LONGEST_PAUSE_MS)
        budget.close_gate(gate, pause, probing_ms=2 * pause)
