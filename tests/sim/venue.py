"""The simulated exchange in this process, and the wires to it: requests and replies that get lost, late or wrong."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import orjson

from core.config import settings
from core.errors import VenueUnavailable
from core.exchange import Credentials, venue_now_ms
from core.exchange.base import NewOrder, OnReply, Outcome, Reply
from core.exchange.binance.numbers import loads
from core.exchange.binance.questions import Question, cancellation, conditional_cancellation, placement, reply_of
from core.exchange.binance.rest import RestClient, error_of, refusal
from core.exchange.binance.session import REPLY_TIMEOUT, Answer, NoAnswer
from core.exchange.pool import Lease
from core.paper.engine.accounts import Account
from core.paper.engine.orders import Order
from core.paper.server.desk import Request, serve
from core.paper.server.endpoints import REST, WS
from core.paper.server.params import Params
from core.paper.server.store import Store
from core.paper.server.venue import Venue
from tests.sim.faults import Faults
from tests.sim.seams import Database
from tests.sim.worker import Worker
from tests.sim.world import Absence, World

NO_LIMIT = 10**9
BEGINS = {"BNBUSDT": Decimal(700), "SOLUSDT": Decimal(100)}  # the prices around which the markets go
LONGEST_DETOUR = 3.0  # seconds that a request may take after it was answered with "unknown"
LONGEST_LAG = 1.9  # seconds that an order may stay hidden from queries: less than the grace
# (status, code, message, whether it may have been executed)
REFUSALS = (
    (503, -1000, "Unknown error, please check your request or try again later.", True),
    (503, -1008, "Server is currently overloaded.", False),
    (503, None, "Service Unavailable.", False),
    (408, -1007, "Timeout waiting for response from backend server.", True),
    (400, -1001, "Internal error; unable to process your request. Please try again.", True),
    (429, -1003, "Too many requests.", False),
    (400, -2019, "Margin is insufficient.", False),
    (400, -9999, "Something new.", True),
)
INVALID_KEY = (-2015, "Invalid API-key, IP, or permissions for action.")


class SimulatedVenue(Venue):
    """`publish` is handed every user event. Orders may hide from queries for a while after they were accepted."""

    def __init__(self, world: World, faults: Faults) -> None:
        super().__init__(Store(None), NO_LIMIT, admin=True)
        self._world = world
        self._chances = faults
        self.publish: Callable[[list[tuple[int, Any]]], None] = lambda _events: None
        self.hub.publish_user = self._publish_user  # type: ignore[method-assign]
        self.most_pieces = world.random.choice((1, 1, 2, 5))
        self.exchange.pieces = lambda: world.random.randint(1, self.most_pieces)
        self.faults.add({"kind": "clock_skew", "ms": world.random.randint(-900, 900)})

    def _publish_user(self, events: list[tuple[int, Any]]) -> None:
        self.publish(events)

    def accepted(self, order: Order) -> None:
        self._world.tell(f"venue takes {order.client_id[:-9]} {order.side} {order.quantity} at {order.price}")
        if self._world.happens(self._chances.late_query):
            lag = self._world.span(0.05, LONGEST_LAG)
            self._hidden_until[order.id] = self._world.seconds + 1000 + lag
        cell = cell_of(order.client_id)
        for other in self.exchange.accounts[order.account_id].holdings[order.symbol].orders.values():
            if cell and other is not order and cell_of(other.client_id) == cell:
                self._world.wrong(f"two open orders of one cell: {other.client_id} and {order.client_id}")


def cell_of(client_id: str) -> tuple[str, str] | None:
    """(strategy, cell) of an order of ours that belongs to a cell."""
    parts = client_id.split("-")
    return (parts[2], parts[3]) if client_id.startswith("gk") and len(parts) == 6 and parts[4][-1] in "OC" else None


class Wires:
    """The requests of the worker's process: REST, and one trading connection per account."""

    def __init__(self, world: World, faults: Faults, venue: SimulatedVenue, worker: Worker, database: Database) -> None:
        self.world = world
        self.faults = faults
        self.venue = venue
        self.worker = worker
        self._database = database
        self.absence = Absence()
        self.refused: set[int] = set()  # ids of the venue's accounts whose keys it does not take
        RestClient.request = lambda _client, *asked: self._rest(*asked)  # type: ignore[method-assign]

    def _rest(self, method: str, path: str, query: str = "", api_key: str = "") -> Any:
        self._wait(path)
        if self.absence or self.world.happens(self.faults.rest_away):
            raise VenueUnavailable("not connected", "not_connected")
        params = Params(dict(parse_qsl(query, keep_blank_values=True)))
        account = self.venue.exchange.keys.get(api_key)
        if account is not None and account.id in self.refused:
            raise refusal(401, {"code": INVALID_KEY[0], "msg": INVALID_KEY[1]})
        signed = Params({name: value for name, value in params.values.items() if name != "signature"})
        answer = serve(self.venue, REST[method, path], Request(signed, "", "", (), account))
        assert answer is not None
        self._wait(path)
        if self.world.happens(self.faults.rest_away):
            raise VenueUnavailable("no answer", "no_answer")
        content = loads(orjson.dumps(answer.body))
        if answer.status != 200:
            raise refusal(answer.status, content)
        return content

    def disturb(self) -> None:
        if self.world.happens(self.faults.venue_away):
            self.world.tell("the venue is away")
            self.absence = self.world.away(self.world.span(1, 15))

    def _wait(self, path: str) -> None:
        if self._database.is_open:
            self.world.wrong(f"{path} asked for within a transaction")
        is_locked = path == "/fapi/v1/time"  # the clock is read by one at a time
        self.worker.may_die(f"at {path}", may_pause=not is_locked)
        if not is_locked:
            slow = self.world.happens(self.faults.request_slow)
            self.world.wait(self.world.span(0.001, 5 if slow else 0.02))


class Lines:
    """One life's trading connections: what the sender takes for its pool."""

    def __init__(self, wires: "Callable[[], Wires]", account_of: Callable[[int], Account]) -> None:
        self._wires = wires
        self._account_of = account_of
        self._open: dict[int, TradingLine] = {}

    def acquire(self, account_id: int, exchange: str, _credentials: Credentials) -> Lease:
        if account_id not in self._open:
            self._open[account_id] = TradingLine(self._wires(), self._account_of(account_id), exchange)
        return Lease(self._open[account_id], lambda: None)

    def die(self) -> None:
        """What was written still arrives; nobody hears the replies."""
        for line in self._open.values():
            line.is_heard = False


class TradingLine:
    """Implements `base.TradingConnection`. Requests arrive in the order in which they were sent."""

    def __init__(self, wires: Wires, account: Account, exchange: str) -> None:
        self._wires = wires
        self._world = wires.world
        self._account = account
        self._exchange = exchange
        self._window = str(settings().recv_window_ms(exchange))
        self._last_arrival = 0.0
        self.is_heard = True

    def place(self, order: NewOrder, on_reply: OnReply) -> None:
        self._ask(placement(order), order.timestamp, on_reply)

    def cancel(self, symbol: str, client_order_id: str, on_reply: OnReply) -> None:
        self._ask(cancellation(symbol, client_order_id), venue_now_ms(self._exchange), on_reply)

    def cancel_conditional(self, client_order_id: str, on_reply: OnReply) -> None:
        self._ask(conditional_cancellation(client_order_id), venue_now_ms(self._exchange), on_reply)

    def close(self) -> None:
        return

    def _ask(self, question: Question, timestamp: int, on_reply: OnReply) -> None:
        faults = self._wires.faults
        self._wires.worker.may_die(f"before {question.method}", may_pause=False)
        if self._wires.absence or self._world.happens(faults.not_sent):
            on_reply(Reply(Outcome.NOT_SENT, message="not sent"))
            return
        values = {name: str(value) for name, value in question.params.items()}
        values |= {"timestamp": str(timestamp), "recvWindow": self._window}
        slow = self._world.happens(faults.request_slow)
        arrives = max(self._last_arrival, self._world.seconds + self._world.span(0.001, 8 if slow else 0.02))
        self._last_arrival = arrives
        lost = self._world.happens(faults.request_lost)
        if lost:
            self._world.tell(f"lost on the way: {question.method} {_named(values)}")
            self._hear(question, NoAnswer("no answer"), on_reply, REPLY_TIMEOUT)
        else:
            self._world.after(arrives - self._world.seconds, lambda: self._arrive(question, values, on_reply))
        self._wires.worker.may_die(f"after {question.method}", may_pause=False)

    def _arrive(self, question: Question, values: dict[str, str], on_reply: OnReply) -> None:
        answer = self._answer(question.method, values)
        faults = self._wires.faults
        if self._world.happens(faults.reply_lost):
            self._world.tell(f"reply lost: {question.method} {_named(values)}")
            self._hear(question, NoAnswer("no answer"), on_reply, REPLY_TIMEOUT)
            return
        slow = self._world.happens(faults.reply_slow)
        self._hear(question, answer, on_reply, self._world.span(0.001, 8 if slow else 0.02))

    def _answer(self, method: str, values: dict[str, str]) -> Answer:
        if not self._world.happens(self._wires.faults.refused):
            return self._executed(method, values)
        status, code, message, may_be_executed = self._world.random.choice(REFUSALS)
        self._world.tell(f"answered with {code}: {method} {_named(values)}")
        if may_be_executed and self._world.happens(0.6):
            # Before the answer, or later: a gateway gives up before the order system has begun.
            late = self._world.random.choice((0.0, self._world.random.random() * LONGEST_DETOUR))
            self._world.after(late, lambda: self._executed(method, values))
        return Answer(status, None, code, message)

    def _executed(self, method: str, values: dict[str, str]) -> Answer:
        if self._account.id in self._wires.refused:
            return Answer(401, None, *INVALID_KEY)
        served = serve(self._wires.venue, WS[method], Request(Params(values), "", "", (), self._account))
        assert served is not None
        content = loads(orjson.dumps(served.body))
        if served.status == 200:
            return Answer(200, content)
        code, message = error_of(content)
        self._world.tell(f"venue refuses {method} {_named(values)}: {code} {message}")
        return Answer(served.status, None, code, message)

    def _hear(self, question: Question, answer: Answer | NoAnswer, on_reply: OnReply, seconds: float) -> None:
        def hear() -> None:
            if self.is_heard:
                on_reply(reply_of(question, answer))

        self._world.after(seconds, hear)


def _named(values: dict[str, str]) -> str:
    names = "newClientOrderId", "origClientOrderId", "clientAlgoId"
    return next(values[name] for name in names if name in values)[:-9]
