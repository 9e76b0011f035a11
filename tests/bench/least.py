"""How fast counter-orders would be if a worker did nothing but commit and send: what no worker of ours can undercut.

The system is that of `execution`, with its worker and beat stopped (SIGSTOP) and the worker of
`processes/least_app.py` in its place; listeners, broker, database, venue and market are the real ones.
"""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from statistics import median

import psutil
from celery import Celery

from core import clock
from stack.procfile import argv
from stack.spawn import end, spawn
from tests.bench.execution import (
    BUSY,
    BUSY_ACCOUNTS,
    BUSY_CELLS,
    BUSY_PRICE,
    QUIET,
    STRIDE,
    WIDE,
    WIDE_CELLS,
    WIDE_PRICE,
)
from tests.bench.measurement import Measurement, p99
from tests.bench.speed import burst_per_second, paced, rest, sustained_per_second
from tests.bench.stamps import Stamps
from tests.bench.system import System, running_system
from tests.bench.traffic import Grids, start_grids
from tests.support.waiting import wait_until

WORKER = (
    "celery -A tests.bench.processes.least_app worker --pool threads --queues orders --without-mingle --without-gossip"
)
STOPPED = ("gridkeeper: worker", "gridkeeper: beat")


def measure() -> list[Measurement]:
    with running_system() as system:
        quiet = [start_grids(system, symbol, Decimal(price), 1, 16) for symbol, price in QUIET.items()]
        wide = start_grids(system, WIDE, WIDE_PRICE, 1, WIDE_CELLS)
        busy = start_grids(system, BUSY, BUSY_PRICE, BUSY_ACCOUNTS, BUSY_CELLS)
        _fill_one_order_each(system, [*quiet, wide, busy])
        with _least_worker(system, [*quiet, wide, busy]) as worker:
            fills, floor = paced(system, quiet)
            burst = burst_per_second(system, wide)
            single, single_cost = _sustained(system, busy, 1, worker)
            several, several_cost = _sustained(system, busy, STRIDE, worker)
    return [
        Measurement("least.fill_p50", median(fills), "ms", floor.p50),
        Measurement("least.fill_p99", p99(fills), "ms"),
        Measurement("least.sustained_one_fill_a_message", single, "fills/s"),
        Measurement("least.worker_one_fill_a_message", single_cost, "ms of a core"),
        Measurement(f"least.sustained_{STRIDE}_fills_a_message", several, "fills/s"),
        Measurement(f"least.worker_{STRIDE}_fills_a_message", several_cost, "ms of a core"),
        Measurement("least.burst", burst, "fills/s"),
    ]


def _fill_one_order_each(system: System, all_grids: Sequence[Grids]) -> None:
    """So that there are rows to copy, and connections."""
    stamps = Stamps(system.stamps)
    for grids in all_grids:
        system.venue.move(grids.symbol, grids.lines[len(grids.lines) // 2 + 1])
    rest(stamps)
    clock.sleep(2)  # for the replies to be recorded


@contextmanager
def _least_worker(system: System, all_grids: Sequence[Grids]) -> Iterator[psutil.Process]:
    app = Celery(broker=system.environment["REDIS_URL"])
    app.control.cancel_consumer("orders", reply=True)
    clock.sleep(2)  # until it has given up its wait for messages of that queue
    stopped = [process for title in STOPPED for process in system.processes(title)]
    for process in stopped:
        process.suspend()
    steps = {grids.symbol: str(_step(grids)) for grids in all_grids}
    environment = {**system.environment, "BENCH_STEPS": json.dumps(steps)}
    worker = spawn(argv(WORKER), env=environment, output=subprocess.DEVNULL)
    try:
        wait_until(lambda: app.control.ping(timeout=0.5), 20, "the least worker is there")
        yield psutil.Process(worker.pid)
    finally:
        end(worker, 5)
        for process in stopped:
            process.resume()


def _step(grids: Grids) -> Decimal:
    """A tick less than from line to line, so that a line's price fills the order whatever was rounded."""
    tick = min(Decimal(1).scaleb(int(line.as_tuple().exponent)) for line in grids.lines)
    return min(upper - lower for lower, upper in zip(grids.lines, grids.lines[1:], strict=False)) - tick


def _sustained(system: System, busy: Grids, stride: int, worker: psutil.Process) -> tuple[float, float]:
    """Fills a second, and milliseconds of a core that the worker took for each."""
    stamps, before = Stamps(system.stamps), _seconds(worker)
    stamps.read()
    per_second = sustained_per_second(system, busy, stride)
    return per_second, 1000 * (_seconds(worker) - before) / len(stamps.read())


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
