"""How fast counter-orders would be if a worker did nothing but commit and send: what no worker of ours can undercut.

The system is that of `execution`, with its worker and beat stopped (SIGSTOP) and the worker of
`processes/least_app.py` in its place; listeners, broker, database, venue and market are the real ones. It is measured
again with time wasted in Python for each fill, to see how much anything on top may take.
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
from stack.spawn import end, spawn
from tests.bench.execution import STRIDE, start_busy, start_quiet, start_wide
from tests.bench.floor import worker_argv
from tests.bench.measurement import Measurement, cpu_seconds, p99
from tests.bench.speed import burst_per_second, paced, rest, sustained_per_second
from tests.bench.stamps import Stamps
from tests.bench.system import System, running_system
from tests.bench.traffic import Grids
from tests.support.waiting import wait_until

WORK_MS = (0, 1, 3)
STOPPED = ("gridkeeper: worker", "gridkeeper: beat")


def measure() -> list[Measurement]:
    with running_system() as system:
        quiet, wide, busy = start_quiet(system), start_wide(system), start_busy(system)
        _fill_one_order_each(system, [*quiet, wide, busy])
        _stop_ours(system)
        return [one for work in WORK_MS for one in _with_work(system, work, quiet, wide, busy)]


def _with_work(system: System, work: int, quiet: Sequence[Grids], wide: Grids, busy: Grids) -> Iterator[Measurement]:
    """Measurements of a worker that wastes so many milliseconds a fill."""
    name = f"least.{work}_ms_of_work." if work else "least."
    with _least_worker(system, work, [*quiet, wide, busy]) as worker:
        fills, floor = paced(system, quiet)
        yield Measurement(f"{name}fill_p50", median(fills), "ms", floor.p50)
        yield Measurement(f"{name}fill_p99", p99(fills), "ms")
        for stride in (1, STRIDE):
            per_second, cost = _sustained(system, busy, stride, worker)
            yield Measurement(f"{name}sustained_{stride}_a_message", per_second, "fills/s")
            yield Measurement(f"{name}worker_{stride}_a_message", cost, "ms of a core")
        yield Measurement(f"{name}burst", burst_per_second(system, wide), "fills/s")


def _fill_one_order_each(system: System, all_grids: Sequence[Grids]) -> None:
    """So that there are rows to copy."""
    stamps = Stamps(system.stamps)
    for grids in all_grids:
        system.venue.move(grids.symbol, grids.lines[len(grids.lines) // 2 + 1])
    rest(stamps)


def _stop_ours(system: System) -> None:
    _celery(system).control.cancel_consumer("orders", reply=True)
    clock.sleep(2)  # until it has given up its wait for messages of that queue
    for process in (one for title in STOPPED for one in system.processes(title)):
        process.suspend()


@contextmanager
def _least_worker(system: System, work: int, all_grids: Sequence[Grids]) -> Iterator[psutil.Process]:
    steps = {grids.symbol: str(_step(grids)) for grids in all_grids}
    environment = {**system.environment, "BENCH_STEPS": json.dumps(steps), "BENCH_WORK_MS": str(work)}
    worker = spawn(worker_argv("least_app", "orders"), env=environment, output=subprocess.DEVNULL)
    try:
        wait_until(lambda: _celery(system).control.ping(timeout=0.5), 20, "the least worker is there")
        yield psutil.Process(worker.pid)
    finally:
        end(worker, 5)


def _celery(system: System) -> Celery:
    return Celery(broker=system.environment["REDIS_URL"])


def _step(grids: Grids) -> Decimal:
    """A tick less than from line to line, so that a line's price fills the order whatever was rounded."""
    tick = min(Decimal(1).scaleb(int(line.as_tuple().exponent)) for line in grids.lines)
    return min(upper - lower for lower, upper in zip(grids.lines, grids.lines[1:], strict=False)) - tick


def _sustained(system: System, busy: Grids, stride: int, worker: psutil.Process) -> tuple[float, float]:
    """Fills a second, and milliseconds of a core that the worker took for each."""
    stamps, before = Stamps(system.stamps), cpu_seconds(worker)
    stamps.read()
    per_second = sustained_per_second(system, busy, stride)
    return per_second, 1000 * (cpu_seconds(worker) - before) / len(stamps.read())
