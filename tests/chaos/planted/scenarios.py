"""What has to happen for a planted bug to show. Every scenario is honest trading that a right system survives."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import create_engine, text

from core.clock import sleep
from tests.chaos.arena import Arena
from tests.chaos.hand import Hand
from tests.chaos.planted.bugs import HAND_PLACED
from tests.chaos.traders import PRICES, RANGE, parameters
from tests.support.stack import User
from tests.support.venue import Venue


@dataclass(frozen=True, slots=True)
class Ground:
    """A fresh user and a symbol that nobody else trades."""

    arena: Arena
    user: User
    symbol: str

    @property
    def venue(self) -> Venue:
        return self.arena.stack.venue

    def start(self, **changes: Any) -> int:
        """Asks for a start and does not wait."""
        number = int(self.user.create_grid(**parameters(self.symbol, **changes))["id"])
        self.user.api.post(f"/grid/start/paper/{number}")
        return number

    def start_whole(self, **changes: Any) -> int:
        number = self.start(**changes)
        self.user.wait_for_status(number, "RUNNING")
        sleep(0.5)
        return number

    def walk(self, *places: float, interval_ms: int = 250) -> None:
        """The market goes to these places of the range: -1 is its lower end, 1 its upper."""
        price = PRICES[self.symbol]
        path = [(price * (1 + RANGE * Decimal(str(place)))).quantize(price / 10_000) for place in places]
        self.venue.move(self.symbol, *path, interval_ms=interval_ms)

    def reconnect(self) -> None:
        """The account is reconciled then."""
        self.venue.inject("drop_connections", match="user")


Scenario = Callable[[Ground], None]
WALK = (-0.35, 0.3, -0.6, 0.5, -0.2, 0.7, 0.0)


def trades(ground: Ground) -> None:
    ground.start_whole()
    ground.walk(*WALK)


def trades_much(ground: Ground) -> None:
    ground.start_whole(grid_number=20)
    ground.walk(*WALK, *WALK, *WALK, interval_ms=120)


def closes_in_a_burst(ground: Ground) -> None:
    """Several fills of one strategy in several hands at once. Paused, so that none needs a sequence of its own: that
    wall alone would keep them apart."""
    number = ground.start_whole(strategy_type="BULLISH", grid_number=20)
    ground.user.api.post(f"/grid/pause/paper/{number}")
    sleep(3)
    ground.walk(*(place / 10 for place in range(11)), interval_ms=15)


def hears_everything_twice(ground: Ground) -> None:
    ground.start_whole()
    ground.venue.inject("duplicate_events", seconds=10)
    ground.walk(*WALK)


def hears_pieces_backwards(ground: Ground) -> None:
    ground.start_whole()
    ground.venue.inject("partial_fills", pieces=3, seconds=10)
    ground.venue.inject("reorder_events", seconds=10)
    ground.walk(*WALK)


def starts_with_inventory(ground: Ground) -> None:
    ground.start_whole(strategy_type="BULLISH")


def loses_the_reply_and_is_denied(ground: Ground) -> None:
    """The market order of the start is executed, unanswered, untold, and for a while the venue denies it."""
    ground.venue.inject("no_reply", accepted=True, count=1)
    ground.venue.inject("late_query", lag_ms=4000, count=1)
    ground.venue.inject("drop_events", seconds=3)
    ground.start(strategy_type="BULLISH")
    sleep(10)


def finds_a_trade_before_its_order(ground: Ground) -> None:
    """The same, not denied; the account is read before the order is asked for."""
    ground.venue.inject("no_reply", accepted=True, count=1)
    ground.venue.inject("drop_events", seconds=2)
    ground.start(strategy_type="BULLISH")
    sleep(1)
    ground.reconnect()
    sleep(5)


def is_paused_between_claim_and_send(ground: Ground) -> None:
    ground.start()
    sleep(18)


def trades_by_hand_unheard(ground: Ground) -> None:
    ground.start_whole()
    sleep(4)  # until its listener has connected, and the account has been read for that
    ground.venue.inject("drop_events", seconds=1)
    Hand(ground.venue.url, ground.user).trade(ground.symbol, "BUY")
    ground.venue.restore_service()
    ground.walk(-0.3, 0.3)
    sleep(1)
    ground.reconnect()
    sleep(2)


def is_paid_funding(ground: Ground) -> None:
    ground.start_whole(strategy_type="BULLISH")
    ground.venue.pay_funding(ground.symbol, "0.0007")


def stops_while_fills_are_unheard(ground: Ground) -> None:
    number = ground.start_whole()
    ground.venue.inject("drop_events", seconds=3)
    ground.walk(-0.5)
    ground.user.api.post(f"/grid/stop/paper/{number}", {"close_position": True})
    sleep(1)
    ground.venue.restore_service()
    ground.user.wait_for_status(number, "STOPPED", timeout=40)
    sleep(2)


def stops_beside_an_order_of_the_users(ground: Ground) -> None:
    number = ground.start_whole()
    Hand(ground.venue.url, ground.user).rest(ground.symbol, HAND_PLACED)
    ground.user.api.post(f"/grid/stop/paper/{number}", {"close_position": True})
    ground.user.wait_for_status(number, "STOPPED", timeout=40)


def trades_without_the_walls(ground: Ground) -> None:
    """The database's own keys would stop it: here they are gone."""
    with create_engine(ground.arena.database_url).begin() as connection:
        connection.execute(text("ALTER TABLE grid_orders DROP CONSTRAINT uq_grid_orders_client_order_id"))
        connection.execute(text("ALTER TABLE grid_orders DROP CONSTRAINT uq_grid_orders_strategy_id_sequence"))
    ground.start()
    sleep(3)
    ground.walk(*WALK)
