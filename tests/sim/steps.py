"""One saga on a quiet market, and a worker that is killed at its first step, its second, and so on to its last."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.domain.parameters import GridType, StrategyType
from core.models import GridStrategy
from core.paper.engine import moves
from tasks.app import ring
from tests.sim.run import Run
from tests.sim.user import Hands

SYMBOL = "SOLUSDT"
LONGEST_S = 12.0  # within which every saga here is over, kills aside
GRID: dict[str, Any] = {
    "symbol": SYMBOL,
    "grid_type": GridType.ARITHMETIC,
    "strategy_type": StrategyType.BULLISH,
    "lower_price": Decimal(97),
    "upper_price": Decimal(103),
    "grid_number": 6,
    "total_investment": Decimal(600),
    "leverage": 2,
    "stop_loss_pct": Decimal(3),
}


@dataclass(frozen=True, slots=True)
class Saga:
    """`changes` make the grid out of GRID; `begin` is what somebody does to it when it has traded. It is over when the
    event `code` has been told."""

    code: str
    begin: Callable[["Crashing", Hands, GridStrategy], None]
    changes: dict[str, Any]


class Crashing(Run):
    """The run in which the worker is killed at the `step`th place since the saga's beginning."""

    def __init__(self, saga: Saga, step: int, verbose: bool = False) -> None:
        super().__init__(step, verbose)
        self._saga = saga
        self._step = step

    def _open(self) -> None:
        self._join(1, (SYMBOL,))
        self.hands = [Hands(self.world, self.venue, self.traders[0], SYMBOL)]
        self.hands[0].make_grid(GRID | self._saga.changes)

    def _storm(self) -> None:
        (hands,) = self.hands
        self._start(hands)
        self.world.run_for(6)
        for price in ("101.2", "98.7", "100.2"):
            self.go_to(price)
            self.world.run_for(2)
        told, begun = self._events(self._saga.code), self.world.seconds
        self.worker.die_at(self._step)
        self._saga.begin(self, hands, hands.grids()[0])
        while self.world.seconds < begun + LONGEST_S and self._is_under_way(told):
            self.world.run_for(0.1)
        self.worker.die_at(0)

    def _is_under_way(self, told: int) -> bool:
        return self._events(self._saga.code) == told or self.hands[0].grids()[0].change is not None

    def go_to(self, price: str) -> None:
        moves.move(self.venue.exchange, SYMBOL, Decimal(price))
        self.venue.commit()


def _updates(**changes: Any) -> Callable[[Crashing, Hands, GridStrategy], None]:
    def begin(_run: Crashing, hands: Hands, row: GridStrategy) -> None:
        hands.update(row, changes)
        ring("tasks.strategies.update", row.id)

    return begin


def _trails(run: Crashing, _hands: Hands, _row: GridStrategy) -> None:
    run.go_to("104.3")


def _resets(_run: Crashing, hands: Hands, row: GridStrategy) -> None:
    kind = StrategyType.BEARISH
    hands.reset(row, True, {"grid_number": 4, "strategy_type": kind, "upper_price": Decimal(104)})
    ring("tasks.strategies.reset", row.id)


def _closes(_run: Crashing, hands: Hands, row: GridStrategy) -> None:
    hands.do("stop", row, True)


NEUTRAL: dict[str, Any] = {"strategy_type": StrategyType.NEUTRAL, "trailing_up": Decimal(110)}
SAGAS = {
    "an update that buys": Saga(
        "updated", _updates(lower_price=Decimal(98), grid_number=9, total_investment=Decimal(900), leverage=3), {}
    ),
    "an update that sells": Saga(
        "updated", _updates(upper_price=Decimal(102), total_investment=Decimal(300), stop_loss_pct=Decimal(5)), {}
    ),
    "a trailing step": Saga("trailed", _trails, NEUTRAL),
    "a reset": Saga("running", _resets, {}),
    "a close": Saga("stopped", _closes, {}),
}
