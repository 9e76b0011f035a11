"""A worker that does the least a counter-order takes: `celery -A tests.bench.processes.least_app worker`.

Of each fill it commits the rows in tables of its own, then signs and sends an order a step further on. It reads nothing
and decides nothing, waits for no strategy, asks for no budget, records no reply, and looks after nothing else.
BENCH_STEPS: symbol -> step in quote, as JSON. BENCH_WORK_MS: of a core, that it wastes in Python before each commit,
a fill: what a worker that does more would take for that.
"""

import json
import os
import time
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from itertools import count
from queue import SimpleQueue
from typing import Any

from celery.signals import worker_init

from core.config import settings
from core.credentials import credentials_of
from core.db import Session
from core.domain.order import OrderNews, OrderStatus, OrderType, Side
from core.exchange import Credentials
from core.exchange.base import NewOrder
from core.exchange.pool import Pool, venue_now_ms
from core.exchange.wire import decode
from core.models import ExchangeApi
from tasks.ringing import app
from tests.bench.processes.fill_rows import FillRows

app.conf.imports = ()  # only this task

STEPS = {symbol: Decimal(step) for symbol, step in json.loads(os.environ["BENCH_STEPS"]).items()}
WORK_S = float(os.environ["BENCH_WORK_MS"]) / 1000
_pool = Pool()
_rows: SimpleQueue[FillRows] = SimpleQueue()  # one a thread
_numbers = count(time.monotonic_ns() // 10**6)  # none that a worker before it has used


@worker_init.connect
def _make_rows(**_: Any) -> None:
    for number in range(settings().worker_concurrency):
        _rows.put(FillRows(f"least_{number}"))


@app.task(name="tasks.orders.handle_events")
def handle_events(account_id: int, events: list[dict[str, Any]]) -> None:
    news = [event.news for event in map(decode, events)]
    filled = [one for one in news if one.status is OrderStatus.FILLED]
    if filled:
        _work(len(filled) * WORK_S)
        rows = _rows.get()
        rows.commit(len(filled))
        _rows.put(rows)
        _send(account_id, filled)


def _work(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def _send(account_id: int, filled: Sequence[OrderNews]) -> None:
    exchange, credentials = _account(account_id)
    with _pool.acquire(account_id, exchange, credentials) as connection:
        for news in filled:
            connection.place(_counter_order(news, venue_now_ms(exchange)), lambda _: None)


@cache
def _account(account_id: int) -> tuple[str, Credentials]:
    with Session.reading() as session:
        account = session.get_one(ExchangeApi, account_id)
        return account.exchange, credentials_of(account)


def _counter_order(news: OrderNews, timestamp: int) -> NewOrder:
    """Under a name of the same strategy and cell."""
    step, is_bought = STEPS[news.symbol], news.side is Side.BUY
    return NewOrder(
        symbol=news.symbol,
        side=Side.SELL if is_bought else Side.BUY,
        type=OrderType.LIMIT,
        quantity=news.quantity,
        price=news.price + step if is_bought else news.price - step,
        client_order_id="-".join([*news.client_order_id.split("-")[:4], str(next(_numbers))]),
        timestamp=timestamp,
    )
