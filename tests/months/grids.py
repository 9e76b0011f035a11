"""Three accounts on one symbol, each with a grid of every type: one's have stops and begin anew when they were reached,
one's trail, and one's are updated twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.months.market import SYMBOL, Recording
from tests.support.stack import Stack, User

D = Decimal
TYPES = ("BULLISH", "NEUTRAL", "BEARISH")
BALANCE = 50_000
CELLS = 10
NEAR = D("0.016")  # half a near range's width, of the price
STOP = D("0.026")  # a stop's distance
FAR = D("0.03")  # a trailing limit's least distance
LEAST_SPACING = D("0.003")  # of the price: several times the fees of a round trip
ENDED = ("FINISHED", "STOPPED", "FAILED")
_TICK = D("0.1")


@dataclass(frozen=True, slots=True)
class Grid:
    user: User
    id: int
    kind: str
    strategy_type: str


class Account:
    """One user's grids; `kind`: stops, trailing, updated."""

    def __init__(self, stack: Stack, kind: str, market: Recording) -> None:
        self.kind = kind
        self.user = stack.new_user(BALANCE)
        self.grids = [Grid(self.user, self._create(kind, one, market), kind, one) for one in TYPES]

    def _create(self, kind: str, strategy_type: str, market: Recording) -> int:
        own = {"stops": with_stops, "trailing": trailing, "updated": wide}[kind](strategy_type, market)
        return int(self.user.create_grid(**_common(strategy_type) | own)["id"])

    def start(self) -> None:
        for grid in self.grids:
            self.user.api.post(f"/grid/start/paper/{grid.id}")

    def details(self) -> dict[int, dict[str, Any]]:
        return {row["id"]: row for row in self.user.api.get("/grid/list/paper")}

    def begin_anew(self, ended: Grid, price: Decimal) -> None:
        """With the range and the stops around `price`."""
        around = near(ended.strategy_type, price)
        self.user.api.post(f"/grid/reset/paper/{ended.id}", {"close_position": True, **around})

    def update(self, market: Recording, *, is_first: bool) -> Iterator[str]:
        """The task of each update that was taken."""
        lower, upper = _range(market)
        shift = (upper - lower) / 20
        first = {"lower_price": _price(lower + shift), "upper_price": _price(upper + shift), "total_investment": "4200"}
        changes = first if is_first else {"grid_number": _cells(market) - 1, "total_investment": "2600"}
        for grid in self.grids:
            yield self.user.api.put(f"/grid/update/paper/{grid.id}", changes)["task_id"]


def with_stops(strategy_type: str, market: Recording) -> dict[str, Any]:
    return near(strategy_type, market.opened)


def near(strategy_type: str, price: Decimal) -> dict[str, Any]:
    below, above = _price(price * (1 - STOP)), _price(price * (1 + STOP))
    loss, profit = (above, below) if strategy_type == "BEARISH" else (below, above)
    return _around(price) | {"stop_loss": loss, "take_profit": profit}


def trailing(strategy_type: str, market: Recording) -> dict[str, Any]:
    highest, lowest = max(market.highest, market.opened * (1 + FAR)), min(market.lowest, market.opened * (1 - FAR))
    limits = {"trailing_up": _price(highest), "trailing_down": _price(lowest)}
    unwanted = {"BULLISH": "trailing_down", "BEARISH": "trailing_up"}.get(strategy_type)
    return _around(market.opened) | {name: limit for name, limit in limits.items() if name != unwanted}


def wide(_strategy_type: str, market: Recording) -> dict[str, Any]:
    lower, upper = _range(market)
    return {"lower_price": _price(lower), "upper_price": _price(upper), "grid_number": _cells(market)}


def _cells(market: Recording) -> int:
    lower, upper = _range(market)
    return max(3, min(20, int((upper - lower) / (upper * LEAST_SPACING))))


def _common(strategy_type: str) -> dict[str, Any]:
    return {
        "symbol": SYMBOL,
        "grid_type": "ARITHMETIC",
        "strategy_type": strategy_type,
        "total_investment": "3500",
        "leverage": 2,
    }


def _around(price: Decimal) -> dict[str, Any]:
    return {"lower_price": _price(price * (1 - NEAR)), "upper_price": _price(price * (1 + NEAR)), "grid_number": CELLS}


def _range(market: Recording) -> tuple[Decimal, Decimal]:
    """Inside what the market will see, so that it leaves it on both sides."""
    edge = (market.highest - market.lowest) / 10
    return market.lowest + edge, market.highest - edge


def _price(price: Decimal) -> str:
    return format(price.quantize(_TICK, ROUND_HALF_UP), "f")
