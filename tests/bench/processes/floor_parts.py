"""`python -m tests.bench.processes.floor_parts`: measures each part of the floor as often as a line of its input says.

It answers with a line of JSON, milliseconds, and runs beside a system whose DATABASE_URL and REDIS_URL it is given.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

import websocket

from core import bus
from core.domain.order import OrderNews, OrderStatus, Side, Trade
from core.exchange.base import StreamEvent
from core.exchange.wire import encode
from stack.spawn import end, free_port, spawn
from tasks.app import ring
from tests.bench.processes.fill_rows import FillRows
from tests.bench.processes.floor_app import STARTS
from tests.support.waiting import wait_until

ORDER_BYTES, EVENT_BYTES = 500, 620  # of an order.place and an ORDER_TRADE_UPDATE of the simulated exchange
PARTS = ("websocket", "commit", "hop")


def main() -> None:
    with _websocket_turn() as websocket_turn, _commit_turn() as commit_turn:
        turns = dict(zip(PARTS, (websocket_turn, commit_turn, _hop_turn), strict=True))
        for line in sys.stdin:
            samples = {name: [turn() for _ in range(int(line))] for name, turn in turns.items()}
            print(json.dumps(samples), flush=True)


Turn = Callable[[], float]


def _timed(action: Callable[[], object]) -> float:
    began = time.monotonic_ns()
    action()
    return (time.monotonic_ns() - began) / 1e6


@contextmanager
def _websocket_turn() -> Iterator[Turn]:
    """An order's frame there, an event's back: websocket-client and an echo server on the venue's own library."""
    port = free_port()
    server = spawn([sys.executable, "-m", "tests.bench.echo_server", str(port), str(EVENT_BYTES - ORDER_BYTES)])
    try:
        connection = wait_until(lambda: _connected(f"ws://127.0.0.1:{port}/"), 10, "the echo server listens")
        frame = json.dumps({"filler": "x" * (ORDER_BYTES - 14)})

        def turn() -> object:
            connection.send(frame)
            return connection.recv()

        yield lambda: _timed(turn)
    finally:
        end(server, 1)


def _connected(url: str) -> websocket.WebSocket | None:
    try:
        return websocket.create_connection(url, skip_utf8_validation=True)
    except OSError:
        return None


@contextmanager
def _commit_turn() -> Iterator[Turn]:
    with FillRows("bench") as rows:
        yield lambda: _timed(rows.commit)


_NEWS = OrderNews(
    "ETHUSDT", "gk0123456-1-1-a-1cC-01234567", "8389765000123", Side.BUY, Decimal("2475.25"), Decimal("0.123"),
    Decimal("0.123"), OrderStatus.FILLED, 1_790_000_000_000,
)  # fmt: skip
_TRADE = Trade(
    "ETHUSDT", "123456", _NEWS.order_id, Side.BUY, _NEWS.price, _NEWS.quantity, Decimal("0.06089115"), "USDT",
    Decimal("0.12345678"), True, 1_790_000_000_000, _NEWS.client_order_id,
)  # fmt: skip
_EVENTS = [encode(StreamEvent(_NEWS, _TRADE, 1_790_000_000_000))]


def _hop_turn() -> float:
    """From before the message is published to the start of the task."""
    sent_at = time.monotonic_ns()
    assert ring("tests.bench.nothing", 1, _EVENTS)
    answer = bus.redis().blpop([STARTS], timeout=5)
    assert answer is not None, "no worker takes from the queue `floor`"
    return (int(answer[1]) - sent_at) / 1e6


if __name__ == "__main__":
    main()
