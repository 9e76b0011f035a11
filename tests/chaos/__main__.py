"""`python -m tests.chaos`: the fault suite with real processes. SEED=n repeats the draw of a run, MINUTES=n sets how
long (3), FAULTS=a,b draws only from faults whose name holds one of these words; `--list` names them all."""

import os
import secrets
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.support.environment import hermetic

os.environ.update(hermetic())  # before anything of ours reads its settings

from tests.chaos.arena import Arena
from tests.chaos.faults import FAULTS, drawn_from
from tests.chaos.storm import Report, storm_over

console = Console(width=110, highlight=False)


def main(seed: int, minutes: float, words: list[str]) -> int:
    names = [name for name in drawn_from(words) if not words or any(word in name for word in words)]
    if not names:
        sys.exit(f"no fault is called so; there are: {', '.join(FAULTS)}")
    console.print(f"seed {seed}, {minutes:g} minutes, {len(names)} faults")
    for fault in FAULTS.values():
        if fault.obstacle:
            console.print(f"not made here: {fault.name}; {fault.obstacle}")
    folder = Path(tempfile.mkdtemp(prefix="gridkeeper-chaos-"))
    report = run(folder, seed, minutes * 60, names)
    console.print(table_of(report))
    if report.broken:
        console.print(f"[red]seed {seed}, round {report.rounds}, under: {', '.join(report.under) or 'no fault'}")
        for violation in report.broken:
            console.print(f"[red]  {violation}")
        console.print(f"the logs are in {folder}")
        return 1
    console.print(f"every line of the oracle held at {report.rounds} quiet points and {report.looks} looks between")
    return 0


def run(folder: Path, seed: int, seconds: float, names: list[str]) -> Report:
    arena = Arena(folder)
    try:
        arena.start()
        return storm_over(arena, seed, seconds, names, console.print)
    finally:
        arena.stop()


def table_of(report: Report) -> Table:
    table = Table("fault", "survived", "worst time to whole, s")
    for name, survived in sorted(report.survived.items()):
        table.add_row(name, f"{survived.times}x", f"{survived.worst:.1f}")
    return table


if __name__ == "__main__":
    if "--list" in sys.argv[1:]:
        print("\n".join(FAULTS))
        sys.exit()
    given = os.environ.get("SEED") or secrets.randbelow(1_000_000)
    wanted = [word.strip() for word in os.environ.get("FAULTS", "").split(",") if word.strip()]
    sys.exit(main(int(given), float(os.environ.get("MINUTES") or 3), wanted))
