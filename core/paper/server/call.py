"""One request to the venue, whichever socket it came through, and what it takes to be answered."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from core.paper.engine.accounts import Account
from core.paper.engine.exchange import Exchange
from core.paper.engine.refusals import refusal
from core.paper.server.params import Params
from core.paper.server.venue import Venue


class Security(Enum):
    NONE = 0
    KEY = 1  # an API key, no signature
    SIGNED = 2


@dataclass(frozen=True, slots=True)
class Call:
    venue: Venue
    params: Params
    caller: Account | None = None

    @property
    def account(self) -> Account:
        """Whose key it came with; an endpoint that asks is one with Security KEY or SIGNED."""
        if self.caller is None:
            raise refusal(-2014)
        return self.caller

    @property
    def exchange(self) -> Exchange:
        return self.venue.exchange


Handler = Callable[[Call], Any]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`weight` may depend on the parameters; `orders` is what it counts against the account's order limits.

    `trades`: it changes orders, and the fault `no_reply` may strike it.
    """

    handler: Handler
    weight: int | Callable[[Params], int] = 1
    security: Security = Security.NONE
    orders: int = 0
    trades: bool = False

    def weight_of(self, params: Params) -> int:
        return self.weight if isinstance(self.weight, int) else self.weight(params)
