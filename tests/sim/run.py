"""One run: a few traders and their grids, a storm, and then quiet until everything has come to rest."""

import traceback
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import structlog

from core.db import Session
from core.models import Event
from core.paper.engine import funding, moves
from core.reconciliation.account import request_all
from tasks.app import ring
from tests.sim import faults as fault
from tests.sim.books import Books
from tests.sim.broker import Broker
from tests.sim.description import described
from tests.sim.faults import Faults
from tests.sim.judge import Judge
from tests.sim.seams import Database, limited, without_threads
from tests.sim.streams import Listener, Market
from tests.sim.upsets import Upsets
from tests.sim.user import Hands, Trader, join
from tests.sim.venue import BEGINS, Lines, SimulatedVenue, Wires
from tests.sim.worker import Worker
from tests.sim.world import Absence, World

SYMBOLS = ("BNBUSDT", "SOLUSDT")
SHORT = 300  # the first seeds, which `make test` runs, have storms of half the length
PATIENCE = 120.0  # seconds: longer than a refused key waits for its next try, shorter than the routine check


@dataclass(frozen=True, slots=True)
class Result:
    """`updates`, trailing `steps` and adaptive `moves` that were carried through, strategies that were `ended`.
    `whole_after`: seconds of quiet until every grid was whole."""

    seed: int
    wrongs: tuple[str, ...]
    trace: tuple[str, ...]
    orders: int
    fills: int
    kills: int
    updates: int
    steps: int
    moves: int
    ended: int
    whole_after: float


class Run:
    def __init__(self, seed: int, verbose: bool = False) -> None:
        self.world = World(seed, verbose)
        without_threads(self.world)
        limited(self.world)
        structlog.configure(processors=[self._log])
        self.faults = Faults()
        self.venue = SimulatedVenue(self.world, self.faults)
        self.worker = Worker(self.world, self.faults, self._lines, alone=self.world.happens(0.5))
        self.database = Database(self.world, self.faults, self.worker)
        self.broker = Broker(self.world, self.faults, self.worker)
        self.wires = Wires(self.world, self.faults, self.venue, self.worker, self.database)
        self.traders: list[Trader] = []
        self.hands: list[Hands] = []
        self.listeners: dict[int, Listener] = {}

    def _log(self, _logger: object, method: str, event: Any) -> None:
        """What the product says of itself; an error that it has swallowed is one of ours."""
        if method in ("error", "exception", "critical"):
            self.world.wrong(f"{event}\n{traceback.format_exc()}")
        else:
            self.world.tell(" ".join(str(one) for one in event.values()))
        raise structlog.DropEvent

    def _lines(self) -> Lines:
        return Lines(lambda: self.wires, lambda number: self._trader(number).account)

    def _trader(self, account_id: int) -> Trader:
        return next(one for one in self.traders if one.account_id == account_id)

    def go(self) -> Result:
        self._open()
        self._storm()
        whole_after = self._calm()
        return Result(
            seed=self.world.seed,
            wrongs=tuple(self.world.wrongs),
            trace=tuple(self.world.trace),
            orders=len(self.venue.store.rows("SELECT id FROM orders")),
            fills=len(self.venue.store.rows("SELECT id FROM trades")),
            kills=self.worker.kills,
            updates=self._events("updated"),
            steps=self._events("trailed"),
            moves=self._events("updated", "Adapted"),
            ended=self._events("finished"),
            whole_after=whole_after,
        )

    @staticmethod
    def _events(code: str, words: str = "") -> int:
        with Session.reading() as session:
            return session.query(Event).filter(Event.code == code, Event.message.startswith(words)).count()

    # --- the storm

    def _open(self) -> None:
        random = self.world.random
        self._join(random.randint(1, 2), random.choice((SYMBOLS, SYMBOLS[:1], SYMBOLS[1:])))
        for _ in range(random.randint(1, 3)):
            hands = Hands(self.world, self.venue, random.choice(self.traders), random.choice(self.symbols))
            hands.make_grid()
            self.hands.append(hands)

    def _join(self, traders: int, symbols: tuple[str, ...]) -> None:
        """So many, who will trade these symbols, and the processes that watch for them."""
        world, self.symbols = self.world, symbols
        self.venue.publish = self._hear
        for number in range(1, traders + 1):
            trader = join(self.venue, number)
            self.traders.append(trader)
            self.listeners[trader.account.id] = Listener(world, self.faults, trader.account_id)
        self.upsets = Upsets(world, self.faults, self.venue, self.wires, Market(world, self.venue, SYMBOLS))
        world.every(1.0, self._beat)
        self._is_calm = self._halts = False

    def _hear(self, events: list[tuple[int, dict[str, object]]]) -> None:
        for account_id, event in events:
            if event["e"] in ("ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "ALGO_UPDATE"):
                self.listeners[account_id].hear(event)

    def _beat(self) -> None:
        """Each second; every other one when nothing happens any more, which spares time."""
        if not self._is_calm or int(self.world.seconds) % 2:
            ring("tasks.upkeep.sweep")
        if int(self.world.seconds) % 5 == 0:
            ring("tasks.upkeep.judge_margins")
        if self._halts and int(self.world.seconds) % 10 == 0:
            ring("tasks.upkeep.watch_halts")

    def _storm(self) -> None:
        world, random = self.world, self.world.random
        for hands in self.hands:
            world.after(random.random() * 3, lambda h=hands: self._start(h))
        world.run_for(1.0)
        hostile = fault.drawn(random)
        for name in hostile.__slots__:
            setattr(self.faults, name, getattr(hostile, name))
        self._halts = bool(hostile.market_halted)
        pace, meddling = random.choice((0.2, 0.5, 1.5)), random.choice((0.0, 0.01, 0.05))
        length = random.randint(4, 12) if world.seed <= SHORT else random.randint(8, 25)
        for _ in range(int(length / pace)):
            world.run_for(random.random() * pace * 2)
            self._move(random.choice(self.symbols))
            self._meddle(meddling)

    def _start(self, hands: Hands) -> None:
        for row in hands.grids():
            hands.do("start", row)

    def _meddle(self, chance: float) -> None:
        for hands in self.hands:
            if self.world.happens(chance * 2):
                hands.ask()
            if self.world.happens(chance):
                hands.trade_by_hand()
            if self.world.happens(0.03):
                hands.change_grid()
            if self.world.happens(0.1):
                hands.let_adapt()
        if self.world.happens(chance):
            symbol = self.world.random.choice(self.symbols)
            funding.pay(self.venue.exchange, symbol, Decimal(self.world.random.randint(-9, 9)) / 10_000)
            self.venue.commit()
        if self.world.happens(0.05):
            self.broker.disturb()
        self.wires.disturb()
        self.upsets.disturb(self.world.random.choice(self.symbols), self.world.random.choice(self.traders))
        self.database.disturb()
        for listener in self.listeners.values():
            if self.world.happens(0.1):
                listener.disturb()

    def _move(self, symbol: str) -> None:
        """A step about as high as a cell, held near the place where it began."""
        random, market = self.world.random, self.venue.exchange.markets[symbol]
        begin = BEGINS[symbol]
        pull = int((begin - market.price) * 1000 / begin)
        price = market.price * (1000 + random.randint(-9, 9) + pull // 6) / 1000
        self.world.tell(f"{symbol} at {price // market.rules.tick * market.rules.tick}")
        moves.move(self.venue.exchange, symbol, price // market.rules.tick * market.rules.tick)
        self.venue.commit()

    # --- the calm

    def _calm(self) -> float:
        """No more faults, and the market stands still. Seconds until all was whole; then the books are read."""
        self.world.tell("calm")
        self._is_calm = True
        for name in self.faults.__slots__:
            setattr(self.faults, name, 0.0)
        self.database.absence = self.wires.absence = Absence()
        self.upsets.end(self.symbols)
        for hands in self.hands:
            hands.throw_switch(on=False)
        judge = Judge(self.world, self.venue, self.traders)
        begun = self.world.seconds
        self.world.run_for(10)
        self._wait_until_whole(judge)
        whole_after = self.world.seconds - begun
        self._read_the_books()
        self._wait_until_whole(judge)  # a grid that trails may have taken another step
        books = [one for trader in self.traders for one in Books(self.venue, trader).complaints()]
        for complaint in (*judge.complaints(), *books):
            self.world.wrong(complaint)
        if self.world.wrongs:
            with Session.reading() as session:
                for line in described(session):
                    self.world.tell(line)
        return whole_after

    def _wait_until_whole(self, judge: Judge) -> None:
        """PATIENCE at most; what is still wrong then is for the caller to see."""
        end = self.world.seconds + PATIENCE
        while (complaints := judge.complaints()) and self.world.seconds < end:
            self.world.tell(f"not whole: {complaints[0]}")
            self.world.run_for(5)

    def _read_the_books(self) -> None:
        for _ in range(2):  # a difference is believed only when it is seen twice
            with Session.begin() as session:
                request_all(session, [trader.account_id for trader in self.traders])
            self.world.run_for(3)
