"""The market process with 500 symbols at a mark a second each and 50,000 armed triggers, on a real PostgreSQL and
Redis, beside a process that only parses the same stream. A stop is reached each second."""

import asyncio
import base64
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory

import orjson
import psutil
import redis
from aiohttp import web
from sqlalchemy import insert, select

from core import clock
from core.db import Session
from core.models import GridStrategy, SymbolRule
from core.symbols import brackets_as_json
from stack.postgres import Postgres
from stack.spawn import end, free_port, spawn
from tests.bench.measurement import Measurement, cpu_seconds, p99
from tests.support.databases import PostgresDatabases
from tests.support.environment import forget_settings, hermetic
from tests.support.grids import PARAMETERS, RULES, running_grid
from tests.support.servers import RedisServer
from tests.support.waiting import wait_until

SYMBOLS = [f"M{number:03}USDT" for number in range(500)]
STRATEGIES_EACH = 50  # with two stops each
SECONDS = 40
WARM_UP = 15.0  # seconds: longer than until all triggers are loaded
HIGHEST_STOP = Decimal(90000)


def measure() -> list[Measurement]:
    with TemporaryDirectory(prefix="gridkeeper-bench-") as folder, _surroundings(Path(folder)) as client:
        _insert_strategies()
        marks = Marks()
        watched = [spawn([sys.executable, "-m", name]) for name in ("tasks.market", "tests.bench.processes.mark_floor")]
        try:
            wait_until(lambda: marks.listeners == 2, 20, "both processes read the stream")
            clock.sleep(WARM_UP)
            (market, floor), waits = _watch(marks, client, [psutil.Process(one.pid) for one in watched])
            memory, least = (psutil.Process(one.pid).memory_info().rss / 2**20 for one in watched)
        finally:
            for process in watched:
                end(process, 2)
    assert len(waits) >= SECONDS - 2, f"{len(waits)} stops were rung for"
    return [
        Measurement("market.cpu", market, "% of a core", floor),
        Measurement("market.memory", memory, "MB", least),
        Measurement("market.stop_p50", median(waits), "ms"),
        Measurement("market.stop_p99", p99(waits), "ms"),
        Measurement("market.stop_max", max(waits), "ms"),
    ]


def _watch(
    marks: "Marks", client: "redis.Redis", processes: list[psutil.Process]
) -> tuple[tuple[float, float], list[float]]:
    """The share of a core that each process used, and the milliseconds from each mark to its message."""
    client.delete("control")
    marks.reach_stops = True
    began, before = clock.monotonic(), [cpu_seconds(one) for one in processes]
    rung: dict[int, float] = {}
    while clock.monotonic() - began < SECONDS:
        message = client.blpop(["control"], timeout=0.2)
        if message is not None:
            arrived = clock.monotonic()
            rung.setdefault(_strategy_of(message[1]), arrived)
    took = clock.monotonic() - began
    market, floor = (100 * (cpu_seconds(one) - was) / took for one, was in zip(processes, before, strict=True))
    marks.reach_stops, numbers = False, _strategy_ids()
    sent = {numbers[symbol]: moment for symbol, moment in list(marks.reached.items())}
    return (market, floor), [1000 * (moment - sent[number]) for number, moment in rung.items()]


def _strategy_of(message: str) -> int:
    arguments, _, _ = orjson.loads(base64.b64decode(orjson.loads(message)["body"]))
    return int(arguments[0])


def _strategy_ids() -> dict[str, int]:
    """The one of each symbol whose stop comes first."""
    with Session.reading() as session:
        first = select(GridStrategy.symbol, GridStrategy.id).where(GridStrategy.stop_loss == HIGHEST_STOP)
        return {row.symbol: row.id for row in session.execute(first)}


class Marks:
    """A venue that has nothing but marks: all symbols once a second, each time another one at its first stop."""

    def __init__(self) -> None:
        self.listeners = 0
        self.reach_stops = False
        self.reached: dict[str, float] = {}
        self._random = Random(1)
        port = int(os.environ["PAPER_URL"].rpartition(":")[2])
        threading.Thread(target=lambda: asyncio.run(self._serve(port)), daemon=True).start()

    async def _serve(self, port: int) -> None:
        application = web.Application()
        application.router.add_get("/market/stream", self._listen)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        self._sockets: set[web.WebSocketResponse] = set()
        while True:
            await asyncio.sleep(1.0)
            message, reached = self._message()
            if reached is not None:
                self.reached[reached] = clock.monotonic()
            for socket in self._sockets:
                with suppress(ConnectionError):  # the processes have been ended
                    await socket.send_bytes(message)

    async def _listen(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.add(socket)
        self.listeners += 1
        async for _ in socket:
            pass
        return socket

    def _message(self) -> tuple[bytes, str | None]:
        reached = SYMBOLS[len(self.reached)] if self.reach_stops else None
        rows = [self._row(symbol, symbol == reached) for symbol in SYMBOLS]
        return orjson.dumps({"stream": "!markPrice@arr@1s", "data": rows}), reached

    def _row(self, symbol: str, at_its_stop: bool) -> dict[str, str | int]:
        price = format(HIGHEST_STOP, "f") if at_its_stop else f"{self._random.uniform(94000, 99000):.8f}"
        common = {"e": "markPriceUpdate", "E": clock.now_ms(), "s": symbol, "p": price, "ap": price, "P": price}
        return common | {"i": price, "r": "0.00010000", "T": 1_760_000_000_000, "st": 1}


def _insert_strategies() -> None:
    running_grid(parameters=replace(PARAMETERS, grid_number=2))
    with Session.begin() as session:
        template = session.scalars(select(GridStrategy)).one()
        row = {column.key: getattr(template, column.key) for column in GridStrategy.__table__.columns}
        rules = {name: getattr(RULES, name) for name in RULES.__slots__ if name != "brackets"}
        rules |= {"exchange": "paper", "leverage_brackets": brackets_as_json(RULES.brackets)}
        session.execute(insert(SymbolRule), [rules | {"symbol": symbol} for symbol in SYMBOLS])
        for symbol in SYMBOLS:
            stops = (
                {"stop_loss": HIGHEST_STOP - 10 * number, "take_profit": Decimal(110000) + 10 * number}
                for number in range(STRATEGIES_EACH)
            )
            same = {name: value for name, value in row.items() if name not in ("id", "rearmed_at")} | {"symbol": symbol}
            session.execute(insert(GridStrategy), [same | its for its in stops])


@contextmanager
def _surroundings(folder: Path) -> Iterator["redis.Redis"]:
    """A migrated database, a broker and a venue's address, in the environment of this process and of its children."""
    postgres, broker = Postgres(), RedisServer(folder)
    addresses = {"REDIS_URL": broker.url, "PAPER_URL": f"http://127.0.0.1:{free_port()}", "LOG_LEVEL": "WARNING"}
    os.environ |= hermetic() | addresses
    broker.start()
    try:
        postgres.start()
        with PostgresDatabases(postgres.url()).fresh() as url:
            os.environ["DATABASE_URL"] = url
            forget_settings()
            yield redis.Redis.from_url(broker.url, decode_responses=True)
    finally:
        broker.stop()
        postgres.close()
