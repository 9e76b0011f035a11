"""`python -m tests.bench [subject ...]`: measures every subject, or those named, and writes var/bench.json.

A subject is a module of this package with a function `measure() -> list[Measurement]`.
"""

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

from rich.console import Console
from rich.table import Table

import tests.bench
from tests.bench.measurement import Measurement

REPORT = Path(__file__).parents[2] / "var" / "bench.json"


def main(wanted: list[str]) -> None:
    subjects = dict(_subjects())
    unknown = set(wanted) - set(subjects)
    if unknown:
        sys.exit(f"no such subject: {', '.join(sorted(unknown))}; there are {', '.join(sorted(subjects))}")
    measurements = [one for name in wanted or sorted(subjects) for one in subjects[name].measure()]
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps({one.name: one.as_json() for one in measurements}, indent=2) + "\n")
    Console().print(_table(measurements))


def _subjects() -> Iterator[tuple[str, ModuleType]]:
    for found in iter_modules(tests.bench.__path__):
        if found.name != "__main__":
            module = import_module(f"tests.bench.{found.name}")
            if hasattr(module, "measure"):
                yield found.name, module


def _table(measurements: list[Measurement]) -> Table:
    table = Table("measured", "value", "unit", "floor", "ratio")
    for one in measurements:
        floor = "" if one.floor is None else f"{one.floor:,.1f}"
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
        table.add_row(one.name, f"{one.value:,.1f}", one.unit, floor, ratio)
    return table


if __name__ == "__main__":
    main(sys.argv[1:])
