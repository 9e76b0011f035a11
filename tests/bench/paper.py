"""The simulated exchange under load: one process, 200 accounts, 20,000 resting orders, its own WebSocket API."""

import hashlib
import hmac
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import count
from pathlib import Path

import httpx
import orjson

from core import clock
from stack.spawn import end, free_port, spawn
from tests.bench.measurement import Measurement, p99
from tests.bench.pipelined import Request, Run, run_pipelined
from tests.support.venue import Venue
from tests.support.waiting import wait_until

ACCOUNTS = 200
MOVES = 100
CONNECTIONS = 8
DEPTH = 16
SYMBOL, PRICE, TICK = "BTCUSDT", Decimal("80000.0"), Decimal("0.1")


def measure() -> list[Measurement]:
    with _running_paper() as (venue, pid):
        venue.move(SYMBOL, PRICE)
        accounts = [venue.open_account(10**9) for _ in range(ACCOUNTS)]
        run_pipelined(_url(venue), _bids(accounts, range(100)), CONNECTIONS, DEPTH)
        more = _bids(accounts, range(100, 120))
        loaded = run_pipelined(_url(venue), more, CONNECTIONS, DEPTH)
        single = run_pipelined(_url(venue), _bids(accounts, range(120, 125)), connections=1, depth=1)
        moves = _timed_moves(venue)
        resident = _resident_mb(pid)
    floor = _echo_run(more, loaded.answer_size)
    return [
        Measurement("paper.orders", loaded.per_second, "orders/s", floor.per_second),
        Measurement("paper.placement_p99", 1000 * p99(single.latencies), "ms"),
        Measurement("paper.price_move_p99", 1000 * p99(moves), "ms"),
        Measurement("paper.memory", resident, "MB"),
    ]


def _url(venue: Venue) -> str:
    return venue.url.replace("http", "ws", 1) + "/ws-fapi/v1"


Account = tuple[str, str]  # API key and secret
_ids = count(1)


def _bids(accounts: Sequence[Account], levels: range) -> list[Request]:
    """One bid a level and account, ever farther below the market: on each tick rest those of 20 accounts.

    The venue allows an account 300 orders in 10 s, and 200 open ones on a symbol.
    """
    return [
        _bid(account, PRICE - TICK * (1 + 10 * level + number % 10))
        for level in levels
        for number, account in enumerate(accounts)
    ]


def _bid(account: Account, price: Decimal) -> Request:
    """Signed before the clock of the benchmark runs, so that the client's hashing is not measured."""
    api_key, secret = account
    number = str(next(_ids))
    params: dict[str, object] = {
        "apiKey": api_key,
        "newClientOrderId": f"bench-{number}",
        "price": str(price),
        "quantity": "0.001",
        "recvWindow": 60000,
        "side": "BUY",
        "symbol": SYMBOL,
        "timeInForce": "GTC",
        "timestamp": clock.now_ms(),
        "type": "LIMIT",
    }
    payload = "&".join(f"{name}={value}" for name, value in params.items())
    params["signature"] = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
    return Request(number, orjson.dumps({"id": number, "method": "order.place", "params": params}).decode())


def _timed_moves(venue: Venue) -> list[float]:
    """Seconds that each move of one tick down took, with its matching: 20 fills."""
    seconds = []
    for tick in range(1, MOVES + 1):
        began = clock.monotonic()
        venue.move(SYMBOL, PRICE - TICK * tick)
        seconds.append(clock.monotonic() - began)
    return seconds


def _resident_mb(pid: int) -> float:
    """What the process holds in memory, from Linux's own books."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith("VmRSS"))
    return int(kilobytes) / 1024


def _echo_run(requests: Sequence[Request], answer_size: int) -> Run:
    padding = max(0, answer_size - len(requests[0].frame))
    with _echo_server(padding) as url:
        return run_pipelined(url, requests, CONNECTIONS, DEPTH)


@contextmanager
def _running_paper() -> Iterator[tuple[Venue, int]]:
    """The simulated exchange with a manual market and nothing stored, and its process id."""
    venue = Venue(f"http://127.0.0.1:{free_port()}")
    settings = {"PAPER_URL": venue.url, "PAPER_FEED": "manual", "PAPER_ADMIN": "1", "PAPER_STATE": ""}
    process = spawn([sys.executable, "-m", "core.paper"], env={**os.environ, **settings})
    try:
        wait_until(lambda: _listens(venue.url), 15, "the simulated exchange listens")
        yield venue, process.pid
    finally:
        end(process, 5)


@contextmanager
def _echo_server(padding: int) -> Iterator[str]:
    port = free_port()
    process = spawn([sys.executable, "-m", "tests.bench.echo_server", str(port), str(padding)])
    try:
        wait_until(lambda: _listens(f"http://127.0.0.1:{port}"), 15, "the echo server listens")
        yield f"ws://127.0.0.1:{port}/"
    finally:
        end(process, 5)


def _listens(url: str) -> bool:
    try:
        return bool(httpx.get(url, trust_env=False).status_code)
    except httpx.TransportError:
        return False
