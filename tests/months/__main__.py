"""`python -m tests.months [CANDLES FUNDING]`: replays recorded candles with their funding (a month of BTCUSDT unless
others are named) over three accounts with a grid of each type: with stops, trailing, and updated on the way. DAYS=n
replays the first n. Exits 0 only if the books of all strategies and accounts balance to the last digit."""

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.support.environment import hermetic

os.environ.update(hermetic())  # before anything of ours reads its settings

from tests.months import market
from tests.months.replay import Month, Outcome
from tests.support.stack import Stack

console = Console(width=130, highlight=False)


def main(candles: Path, funding: Path, days: float) -> int:
    if not candles.exists() or not funding.exists():
        sys.exit(f"not on this machine: {candles} and {funding}")
    recording = market.read(candles, funding, count=round(days * 1440) or None)
    folder = Path(tempfile.mkdtemp(prefix="gridkeeper-month-"))
    stack = Stack(folder)
    try:
        stack.start()
        month = Month(stack, recording)
        for _ in track(month.run(), "candles", total=len(recording.candles), console=console):
            pass
        month.end()
        found = month.untrue()
        console.print(table_of(month.outcomes()))
    finally:
        stack.stop()
    console.print(*found or ["every line of the oracle holds, and the books of all accounts balance"], sep="\n")
    if found:
        console.print(f"everything of this run is kept in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


def table_of(outcomes: Sequence[Outcome]) -> Table:
    amounts = ("grid_profit", "fees", "funding", "total_pnl")
    heads = ("fills", "ended", "updates", "trailing steps", "round trips", *amounts)
    table = Table("grid", *(head.replace("_", " ") for head in heads))
    for one in outcomes:
        counts = (one.fills, one.ends, one.updates, one.steps, one.totals["round_trips"])
        moved = (f"{Decimal(one.totals[name]):.8f}" for name in amounts)
        table.add_row(f"{one.strategy_type}, {one.kind}", *map(str, counts), *moved)
    return table


if __name__ == "__main__":
    named = [Path(name) for name in sys.argv[1:3]]
    files = named if len(named) == 2 else [market.CANDLES, market.FUNDING]
    sys.exit(main(files[0], files[1], float(os.environ.get("DAYS") or 0)))
