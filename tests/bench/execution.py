"""From a fill at the simulated exchange to its counter-order accepted there: real broker, PostgreSQL and processes.

Every part of the system shares this machine with the venue and the market that moves it.
"""

from decimal import Decimal
from statistics import median

from tests.bench.measurement import Measurement, p99
from tests.bench.recovery import VICTIMS, seconds_until_found, seconds_until_whole
from tests.bench.speed import assert_books_balance, burst_per_second, paced, sustained_per_second
from tests.bench.system import System, running_system
from tests.bench.traffic import Grids, start_grids

QUIET = {"SOLUSDT": "100", "BNBUSDT": "700", "XRPUSDT": "1.5", "LTCUSDT": "60"}  # one account each, 16 cells
BUSY, BUSY_PRICE, BUSY_ACCOUNTS, BUSY_CELLS = "ETHUSDT", Decimal(2500), 20, 40
STRIDE = 4
WIDE, WIDE_PRICE, WIDE_CELLS = "LINKUSDT", Decimal(10), 150  # one account


def measure() -> list[Measurement]:
    with running_system() as system:
        quiet = start_quiet(system)
        fills, floor = paced(system, quiet)
        wide = start_wide(system)
        burst = burst_per_second(system, wide)
        busy = start_busy(system)
        single, several = (sustained_per_second(system, busy, stride) for stride in (1, STRIDE))
        assert_books_balance(system, busy)
        memory = _listener_mb(system)
        found = seconds_until_found(system, quiet[0])
        whole = [(victim, seconds_until_whole(system, quiet[1], victim)) for victim in VICTIMS]
    return [
        Measurement("execution.fill_p50", median(fills), "ms", floor.p50),
        Measurement("execution.fill_p99", p99(fills), "ms"),
        Measurement("execution.floor_websocket_p50", median(floor.websocket), "ms"),
        Measurement("execution.floor_commit_p50", median(floor.commit), "ms"),
        Measurement("execution.floor_hop_p50", median(floor.hop), "ms"),
        Measurement("execution.sustained_one_fill_a_message", single, "fills/s"),
        Measurement(f"execution.sustained_{STRIDE}_fills_a_message", several, "fills/s"),
        Measurement("execution.burst", burst, "fills/s"),
        Measurement("execution.listener_memory", memory, "MB"),
        Measurement("execution.dropped_fill_found", found, "s"),
        *(Measurement(f"execution.whole_after_kill_of_{name.replace(' ', '_')}", took, "s") for name, took in whole),
    ]


def start_quiet(system: System) -> list[Grids]:
    return [start_grids(system, symbol, Decimal(price), 1, 16) for symbol, price in QUIET.items()]


def start_wide(system: System) -> Grids:
    return start_grids(system, WIDE, WIDE_PRICE, 1, WIDE_CELLS)


def start_busy(system: System) -> Grids:
    return start_grids(system, BUSY, BUSY_PRICE, BUSY_ACCOUNTS, BUSY_CELLS)


def _listener_mb(system: System) -> float:
    """The largest listener's proportional share of memory."""
    children = system.processes("gridkeeper: listener account=")
    return max(child.memory_full_info().pss for child in children) / 2**20
