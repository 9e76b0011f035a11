"""Grids that trade, and the market that makes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from tests.bench.system import System
from tests.support.stack import User
from tests.support.waiting import wait_until

HALF_RANGE = Decimal("0.04")  # of the price: inside the venue's band around the mark


@dataclass(frozen=True, slots=True)
class Grids:
    """Grids with the same lines on one symbol, one a user: each step to a neighbouring line fills an order of each."""

    symbol: str
    lines: list[Decimal]
    users: list[tuple[User, int]]  # with the id of the grid

    def walk(self, start: int) -> Iterator[Decimal]:
        """Prices from line to line, up and down between the ends for ever."""
        last = len(self.lines) - 1
        up = list(range(last)) + list(range(last, 0, -1))
        while True:
            yield from (self.lines[index] for index in up[start:])
            start = 0


def start_grids(system: System, symbol: str, price: Decimal, count: int, cells: int) -> Grids:
    """`count` users with a NEUTRAL grid of `cells` cells around `price` each, all of them whole."""
    system.venue.move(symbol, price)
    parameters = {
        "symbol": symbol,
        "grid_type": "ARITHMETIC",
        "strategy_type": "NEUTRAL",
        "lower_price": str(price * (1 - HALF_RANGE)),
        "upper_price": str(price * (1 + HALF_RANGE)),
        "grid_number": cells,
        "total_investment": "9000",
        "leverage": 5,
    }
    users = [system.new_user(20_000) for _ in range(count)]
    lines = users[0].api.post("/grid/preview/paper", parameters)["lines"]
    grids = [(user, int(user.create_grid(**parameters)["id"])) for user in users]
    for user, grid_id in grids:
        user.api.post(f"/grid/start/paper/{grid_id}")
    for user, grid_id in grids:
        user.wait_until_whole(grid_id, timeout=60)
        wait_until(partial(_is_heard, user), 10, "the account's listener is connected")
    return Grids(symbol, [Decimal(line) for line in lines], grids)


def _is_heard(user: User) -> bool:
    return all(connection["listener"] == "UP" for connection in user.api.get_all("/connections"))
