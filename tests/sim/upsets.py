"""What the venue does to whole markets and accounts: halts, keys that it refuses for a while, odd marks."""

from collections.abc import Sequence

from core.paper.engine import moves
from tests.sim.faults import Faults
from tests.sim.streams import Market
from tests.sim.user import Trader
from tests.sim.venue import SimulatedVenue, Wires
from tests.sim.world import World

LONGEST = 40  # seconds


class Upsets:
    def __init__(self, world: World, faults: Faults, venue: SimulatedVenue, wires: Wires, market: Market) -> None:
        self._world = world
        self._faults = faults
        self._venue = venue
        self._wires = wires
        self._market = market

    def disturb(self, symbol: str, trader: Trader) -> None:
        if self._world.happens(self._faults.market_halted):
            self._halt(symbol)
            self._world.after(self._world.span(1, LONGEST), lambda: self._open(symbol))
        if self._world.happens(self._faults.key_refused):
            self._world.tell(f"the key of {trader.account_id} is refused")
            self._wires.refused.add(trader.account.id)
            self._world.after(self._world.span(1, LONGEST), lambda: self._wires.refused.discard(trader.account.id))
        if self._world.happens(self._faults.mark_odd):
            self._market.turn_odd(symbol)

    def end(self, symbols: Sequence[str]) -> None:
        self._wires.refused.clear()
        for symbol in symbols:
            self._open(symbol)

    def _halt(self, symbol: str) -> None:
        self._world.tell(f"{symbol} is halted")
        moves.halt(self._venue.exchange, symbol, True)
        self._venue.commit()

    def _open(self, symbol: str) -> None:
        if self._venue.exchange.markets[symbol].halted:
            self._world.tell(f"{symbol} is open again")
            moves.halt(self._venue.exchange, symbol, False)
            self._venue.commit()
