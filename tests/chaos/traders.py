"""Who trades while it storms: users, their grids of every type and spacing, and a market that walks through them."""

import threading
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

import httpx

from core.clock import sleep
from stack.api import Answer
from tests.support.stack import Stack, User

D = Decimal
# Symbols whose price band lets an order rest anywhere in its range, and the price the range lies around.
PRICES = {
    "AVAXUSDT": D("6.5"),
    "ADAUSDT": D("0.3"),
    "LINKUSDT": D("10"),
    "LTCUSDT": D("60"),
    "1000PEPEUSDT": D("0.005"),
    "1000SHIBUSDT": D("0.007"),
    "BNBUSDT": D("700"),
    "XRPUSDT": D("1.5"),
    "DOGEUSDT": D("0.12"),
}
STORMY = ("AVAXUSDT", "ADAUSDT", "LINKUSDT", "LTCUSDT")
RANGE = D("0.05")  # of the price, up and down
_BEYOND = 1.15  # how far out of the range the market goes, in ranges
_STEP = 0.10  # the usual step of the market, in ranges: about half a cell
_PAUSES_S = (0.03, 0.12, 0.25)  # between moves: in bursts, briskly, calmly


@dataclass(frozen=True, slots=True)
class Grid:
    user: User
    id: int
    symbol: str


def parameters(symbol: str, **changes: Any) -> dict[str, Any]:
    """Of a grid around the symbol's price; `changes` replace or add."""
    price = PRICES[symbol]
    return {
        "symbol": symbol,
        "grid_type": "ARITHMETIC",
        "strategy_type": "NEUTRAL",
        "lower_price": format(price * (1 - RANGE), "f"),
        "upper_price": format(price * (1 + RANGE), "f"),
        "grid_number": 10,
        "total_investment": "800",
        "leverage": 3,
        **changes,
    }


def _near(symbol: str, **changes: Any) -> dict[str, Any]:
    """Of a grid two fifths as wide, so that the market leaves it often; its stops move along with it."""
    price = PRICES[symbol]
    lower, upper = (format(price * (1 + side * RANGE * 2 / 5), "f") for side in (-1, 1))
    return {"lower_price": lower, "upper_price": upper, "stop_loss_pct": "15", "take_profit_pct": "15", **changes}


class Traders:
    """Five users: two with grids of their own on several symbols, one with two grids on one symbol, one whose grids
    follow the market, and one who keeps changing his mind about one grid of each type."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.grids: list[Grid] = []

    def begin(self) -> None:
        for symbol in STORMY:
            self._stack.venue.move(symbol, PRICES[symbol])
        first, second, third, self.follower, self.restless = (self._stack.new_user(20_000) for _ in range(5))
        self._start(first, "AVAXUSDT", grid_number=12, stop_loss="5.85", take_profit="7.15")
        self._start(first, "LTCUSDT", strategy_type="BULLISH", grid_type="GEOMETRIC", stop_loss="54")
        self._start(second, "ADAUSDT", strategy_type="BEARISH", stop_loss="0.33")
        self._start(second, "AVAXUSDT", grid_type="GEOMETRIC", grid_number=8)
        self._start(third, "LINKUSDT", stop_loss="9")
        self._start(third, "LINKUSDT", strategy_type="BULLISH", grid_number=6, stop_loss="9.1")
        self._start(self.follower, "AVAXUSDT", **_near("AVAXUSDT", trailing_up="6.85", trailing_down="6.15"))
        self._start(self.follower, "LTCUSDT", strategy_type="BULLISH", adaptive=True, stop_loss_pct="10")
        self._start(self.restless, "LTCUSDT")
        self._start(self.restless, "ADAUSDT", strategy_type="BULLISH")
        self._start(self.restless, "LINKUSDT", strategy_type="BEARISH", stop_loss_pct="10")
        for grid in self.grids:
            grid.user.wait_until_whole(grid.id, timeout=60)

    def grid_of(self, user: User, random: Random) -> Grid:
        return random.choice([grid for grid in self.grids if grid.user is user])

    def _start(self, user: User, symbol: str, **changes: Any) -> None:
        number = user.create_grid(**parameters(symbol, **changes))["id"]
        user.api.post(f"/grid/start/paper/{number}")
        self.grids.append(Grid(user, number, symbol))


class Market:
    """Walks the symbols' prices at random, through and beyond the grids, while it is `open`."""

    def __init__(self, stack: Stack, random: Random) -> None:
        self._venue = stack.venue
        self._random = random
        self._places = dict.fromkeys(STORMY, 0.0)
        self._pause = _PAUSES_S[0]
        self._open = threading.Event()
        self._at_rest = threading.Lock()
        threading.Thread(target=self._walk, name="market", daemon=True).start()

    def open(self) -> None:
        self._pause = self._random.choice(_PAUSES_S)
        self._open.set()

    def close(self) -> None:
        """Returns when the last move is over."""
        self._open.clear()
        with self._at_rest:
            pass

    def step(self) -> None:
        symbol = self._random.choice(STORMY)
        place = self._places[symbol] + self._random.gauss(0, _STEP)
        self._places[symbol] = place = max(-_BEYOND, min(_BEYOND, place))
        moved = PRICES[symbol] * (1 + RANGE * D(round(place, 4)))
        with suppress(Answer, httpx.TransportError):  # the venue may be away: the next step comes
            self._venue.move(symbol, moved.quantize(D("0.0001")))

    def _walk(self) -> None:
        while self._open.wait():
            with self._at_rest:
                if self._open.is_set():
                    self.step()
            sleep(self._pause)
