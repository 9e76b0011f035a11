"""`python -m tests.bench.processes.floor_parts`: measures each part of the floor as often as a line of its input says.

It answers with a line of JSON, milliseconds, and runs beside a system whose DATABASE_URL and REDIS_URL it is given.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from itertools import count
from typing import Any

import psycopg
import websocket
from psycopg import Connection, sql
from psycopg.rows import dict_row
from sqlalchemy import make_url

from core import bus
from core.config import settings
from core.domain.order import OrderNews, OrderStatus, Side, Trade
from core.exchange.base import StreamEvent
from core.exchange.wire import encode
from stack.spawn import end, free_port, spawn
from tasks.app import ring
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


_TABLES = ("grid_strategies", "grid_cells", "grid_orders", "fills")
_UPDATES = (
    sql.SQL(
        "UPDATE bench.grid_strategies SET next_sequence = next_sequence + 1, position = %(price)s, fees = %(price)s,"
        " bought_quote = %(price)s, realized_pnl = %(price)s, updated_at = now()"
    ),
    sql.SQL(
        "UPDATE bench.grid_cells SET held = %(price)s, cost_quantity = %(price)s, held_cost = %(price)s,"
        " held_fees = %(price)s, next_side = 'BUY', next_purpose = 'COUNTER'"
    ),
    sql.SQL(
        "UPDATE bench.grid_orders SET status = 'FILLED', filled_quantity = %(price)s, booked_quantity = %(price)s,"
        " booked_quote = %(price)s, fee = %(price)s, followed_up = true, filled_at = now() WHERE id = %(id)s"
    ),
)


@contextmanager
def _commit_turn() -> Iterator[Turn]:
    """The rows of one fill in copies of the tables, all statements in one round trip, the commit in another."""
    with psycopg.connect(_libpq(settings().database_url), autocommit=True, row_factory=dict_row) as connection:
        connection.execute("DROP SCHEMA IF EXISTS bench CASCADE; CREATE SCHEMA bench")
        *_, order, fill = [_copied(connection, table) for table in _TABLES]
        inserts = _insert("grid_orders", order), _insert("fills", fill)

        def write(number: int) -> None:
            with connection.transaction(), connection.pipeline():
                for statement in _UPDATES:
                    connection.execute(statement, {"price": number, "id": number - 1}, prepare=True)
                key = {"id": number, "sequence": number, "client_order_id": str(number), "trade_id": str(number)}
                connection.execute(inserts[0], order | key, prepare=True)
                connection.execute(inserts[1], fill | key, prepare=True)

        numbers = count(order["id"] + 1)
        yield lambda: _timed(partial(write, next(numbers)))


def _copied(connection: Connection[dict[str, Any]], table: str) -> dict[str, Any]:
    """Makes bench.`table` with its keys and indexes and the newest row of the real one, which is returned."""
    name = sql.Identifier(table)
    connection.execute(sql.SQL("CREATE TABLE bench.{0} (LIKE public.{0} INCLUDING ALL)").format(name))
    copy = sql.SQL("INSERT INTO bench.{0} SELECT * FROM public.{0} ORDER BY id DESC LIMIT 1 RETURNING *")
    row = connection.execute(copy.format(name)).fetchone()
    assert row is not None, f"{table} is empty: let a grid fill first"
    return row


def _insert(table: str, row: dict[str, Any]) -> sql.Composed:
    return sql.SQL("INSERT INTO bench.{} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(map(sql.Placeholder, row)),
    )


def _libpq(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


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
