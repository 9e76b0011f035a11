"""What users do: they make grids, start and end them at the worst moments, and trade by hand beside them."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from core.clock import now
from core.credentials import place_of
from core.db import Session
from core.domain.lifecycle import STARTABLE, StrategyStatus
from core.domain.parameters import GridType, Sizing, StrategyType
from core.errors import Conflict, Refused, Unavailable, VenueRefused
from core.execution.intents import lock_strategies
from core.models import ExchangeApi, GridStrategy, Operation, User
from core.paper.engine.accounts import Account
from core.paper.engine.orders import NewOrder
from core.paper.engine.placing import cancel, place
from core.paper.engine.refusals import VenueError
from core.strategies import creation, halting, proposals, requests, resetting, verdict
from core.strategies.parameters import parameters_from
from core.vault import encrypt
from tasks.app import ring
from tests.sim.seams import hours_have_passed
from tests.sim.venue import SimulatedVenue
from tests.sim.world import World

PAPER = "paper"
BALANCE = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Trader:
    """A user with an account at the venue."""

    user_id: int
    account_id: int
    account: Account


def join(venue: SimulatedVenue, number: int) -> Trader:
    """A new user with a funded account."""
    key, secret = f"{number:064d}", f"secret{number}"
    account = venue.exchange.open_account(key, secret, "", BALANCE)
    venue.commit()
    with Session.begin() as session:
        user = User(email=f"{number}@example.com", password_hash="-")
        session.add(user)
        session.flush()
        row = ExchangeApi(
            user_id=user.id,
            exchange=PAPER,
            api_key="",
            api_secret="",
            api_key_masked="…",
            api_key_fingerprint=str(number),
            key_type="HMAC",
        )
        session.add(row)
        session.flush()
        row.api_key, row.api_secret = (
            encrypt(key, place_of(row.id, "api_key")),
            encrypt(secret, place_of(row.id, "api_secret")),
        )
        return Trader(user.id, row.id, account)


class Hands:
    """One trader's."""

    def __init__(self, world: World, venue: SimulatedVenue, trader: Trader, symbol: str) -> None:
        self._world = world
        self._venue = venue
        self.trader = trader
        self.symbol = symbol
        self._own_orders = 0

    # --- grids

    def make_grid(self, fields: dict[str, Any] | None = None) -> None:
        """One that is drawn, or with these parameters."""
        fields = fields or self._drawn()
        try:
            checked = verdict.check(self.trader.user_id, PAPER, parameters_from(fields), needs_account=True)
            with Session.begin() as session:
                row = creation.create(
                    session,
                    self.trader.user_id,
                    PAPER,
                    checked,
                    {name: self._world.happens(0.5) for name in ("close_position_on_stop", "adaptive")},
                )
                self._world.tell(f"made grid {row.id}: {_said(fields)}")
        except (Refused, Unavailable, VenueRefused) as error:
            self._world.tell(f"no grid: {error}")

    def _drawn(self) -> dict[str, Any]:
        random = self._world.random
        price = self._venue.exchange.markets[self.symbol].price
        tick = self._venue.exchange.markets[self.symbol].rules.tick
        low, high = (random.randint(4, 18) for _ in range(2))  # permille from the price
        shift = random.choice((0, 0, 0, -10, 10))
        lower, upper = price * (1000 - low + shift) / 1000, price * (1000 + high + shift) / 1000
        kind = random.choice(list(StrategyType))
        fields: dict[str, Any] = {
            "symbol": self.symbol,
            "grid_type": random.choice((GridType.ARITHMETIC, GridType.GEOMETRIC)),
            "strategy_type": kind,
            "lower_price": lower // tick * tick,
            "upper_price": upper // tick * tick,
            "grid_number": random.randint(2, 7),
            "total_investment": Decimal(random.choice((60, 150, 400, 3000))),
            "leverage": 2,
            "sizing": random.choice(list(Sizing)),
        }
        if random.random() < 0.3:
            fields["stop_loss_pct"] = Decimal("0.5")
        if random.random() < 0.2:
            fields["take_profit_pct"] = Decimal("0.5")
        if random.random() < 0.5 and kind is not StrategyType.BEARISH:
            fields["trailing_up"] = price * 1040 // 1000 // tick * tick
        if random.random() < 0.5 and kind is not StrategyType.BULLISH:
            fields["trailing_down"] = price * 960 // 1000 // tick * tick
        if random.random() < 0.1:
            fields["trigger_price"] = price * random.choice((998, 1002)) // 1000 // tick * tick
        if random.random() < 0.15:
            fields["cell_loss_limit"] = fields["total_investment"] / 1000
        return fields

    def ask(self) -> None:
        """One thing that can be asked of one of his grids now, or that can't."""
        rows = self.grids()
        if not rows:
            return
        if self._world.happens(0.1):
            self.throw_switch(self._world.happens(0.5))
            return
        row = self._world.random.choice(rows)
        if row.status in STARTABLE | {StrategyStatus.FINISHED}:
            wanted = self._world.random.choice(("start", "start", "reset"))
        else:
            wanted = self._world.random.choice(("stop", "pause", "resume", "reset", "resume", "stop_all", "update"))
        self.do(wanted, row, self._world.random.choice((True, False, None)))

    def change_grid(self) -> None:
        """One that runs, if any does."""
        running = [row for row in self.grids() if row.status == StrategyStatus.RUNNING]
        if running:
            self.do("update", self._world.random.choice(running))

    def let_adapt(self) -> None:
        """Hours pass for one that is adaptive and runs, if any is, in a market that was calm or wild."""
        adaptive = [row for row in self.grids() if row.adaptive and row.status == StrategyStatus.RUNNING]
        if not adaptive:
            return
        row, price = self._world.random.choice(adaptive), self._venue.exchange.markets[self.symbol].price
        hours_have_passed(price * self._world.random.choice((1, 4, 8)) / 1000, price)
        with suppress(Unavailable), Session.begin() as session:
            mine = lock_strategies(session, [row.id])[row.id]
            mine.started_at = (mine.started_at or now()) - timedelta(hours=5)
        self._world.tell(f"hours pass for {row.id}")
        ring("tasks.upkeep.look_at_grid", row.id)

    def grids(self) -> list[GridStrategy]:
        """As the rows are now; none while the database is away."""
        try:
            with Session.reading() as session:
                mine = select(GridStrategy).where(GridStrategy.user_id == self.trader.user_id)
                return list(session.scalars(mine.order_by(GridStrategy.id)))
        except Unavailable:
            return []

    def do(self, wanted: str, row: GridStrategy, close: bool | None = None) -> None:
        """As the API does it: the request commits, then the worker is rung."""
        whose = self.trader.user_id, PAPER
        by_name: dict[str, Callable[[Any], Operation]] = {
            "start": lambda session: requests.request_start(session, *whose, row.id),
            "stop": lambda session: requests.request_stop(session, *whose, row.id, close),
            "pause": lambda session: requests.request_pause(session, *whose, row.id),
            "resume": lambda session: requests.request_resume(session, *whose, row.id),
            "stop_all": lambda session: requests.request_stop_all(session, *whose, close),
        }
        try:
            if wanted == "reset":
                self.reset(row, close, self._drawn_for_reset())
            elif wanted == "update":
                self.update(row, self._drawn_for_update(row))
            else:
                with Session.begin() as session:
                    by_name[wanted](session)
        except Conflict:
            return
        except (Refused, Unavailable, VenueRefused) as error:
            self._world.tell(f"{wanted} {row.id}: {error}")
            return
        self._world.tell(f"user: {wanted} {row.id} close={close}")
        ring(f"tasks.strategies.{wanted}", self.trader.account_id if wanted == "stop_all" else row.id)

    def reset(self, row: GridStrategy, close: bool | None, changes: dict[str, Any]) -> None:
        parameters = resetting.reset_parameters(self.trader.user_id, PAPER, row.id, changes)
        with Session.begin() as session:
            requests.request_reset(session, self.trader.user_id, PAPER, row.id, close, parameters)

    def _drawn_for_reset(self) -> dict[str, Any]:
        drawn = self._drawn()
        return {name: drawn[name] for name in self._world.random.choice(((), ("grid_number",), tuple(drawn)))}

    def update(self, row: GridStrategy, changes: dict[str, Any]) -> None:
        proposal = proposals.propose(self.trader.user_id, PAPER, row.id, changes)
        with Session.begin() as session:
            mine = lock_strategies(session, [row.id])[row.id]
            if mine.version == row.version:
                requests.request_update(session, mine, proposal.wanted)
        self._world.tell(f"update of {row.id} to {_said(changes)}: {len(proposal.kept)} orders stay")

    def _drawn_for_update(self, row: GridStrategy) -> dict[str, Any]:
        """Any of what may change of a grid that runs, alone or together."""
        random, tick = self._world.random, self._venue.exchange.markets[self.symbol].rules.tick
        shift = random.choice((-6, -3, 3, 6))  # permille
        changes: dict[str, Any] = random.choice(
            (
                {
                    name: getattr(row, name) * (1000 + shift) // 1000 // tick * tick
                    for name in ("lower_price", "upper_price")
                },
                {"upper_price": row.upper_price * (1000 + abs(shift)) // 1000 // tick * tick},
                {"grid_number": random.randint(2, 8)},
                {"total_investment": row.total_investment * random.choice((60, 90, 101, 150)) // 100},
                {"stop_loss_pct": Decimal(random.choice(("0.4", "0.8", "3"))), "stop_loss": None},
                {"leverage": random.randint(1, 4)},
            )
        )
        if random.random() < 0.3:
            changes["total_investment"] = row.total_investment * random.choice((80, 130)) // 100
        return changes

    def throw_switch(self, on: bool) -> None:
        """The kill switch of his account."""
        self._world.tell(f"user: kill switch {on}")
        with suppress(Unavailable), Session.begin() as session:
            account = session.get_one(ExchangeApi, self.trader.account_id)
            if on:
                halting.halt(session, account, "by hand")
            else:
                halting.resume(session, account)

    # --- by hand

    def trade_by_hand(self) -> None:
        """An order of his own, or a cancel: of his own order, or of one of ours."""
        random, exchange = self._world.random, self._venue.exchange
        seat = exchange.seat(self.trader.account, self.symbol)
        try:
            if seat.holding.orders and random.random() < 0.4:
                order = random.choice(list(seat.holding.orders.values()))
                self._world.tell(f"by hand: cancels {order.client_id}")
                cancel(seat, order.id, "")
            else:
                self._own_orders += 1
                order = place(exchange, self.trader.account, self._own_order())
                self._world.tell(f"by hand: {order.side} {order.quantity} at {order.price}")
        except VenueError as error:
            self._world.tell(f"by hand: {error}")
        self._venue.commit()

    def _own_order(self) -> NewOrder:
        random = self._world.random
        market = self._venue.exchange.markets[self.symbol]
        tick, step = market.rules.tick, market.rules.lot.step
        at_market = random.random() < 0.5
        price = market.price * random.randint(985, 1015) // 1000 // tick * tick
        return NewOrder(
            symbol=self.symbol,
            side=random.choice(("BUY", "SELL")),
            type="MARKET" if at_market else "LIMIT",
            time_in_force="GTC",
            quantity=market.rules.min_notional * random.randint(2, 9) / price // step * step + step,
            price=None if at_market else price,
            client_id=f"by-hand-{self._own_orders}",
        )


def _said(fields: dict[str, Any]) -> str:
    return " ".join(str(value) for value in fields.values())
