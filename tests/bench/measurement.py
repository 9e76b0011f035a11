"""What a benchmark reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

import psutil


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number with its unit; `floor` is the same quantity, measured in the same run, where only the bare
    transport is at work."""

    name: str
    value: float
    unit: str
    floor: float | None = None

    @property
    def ratio(self) -> float | None:
        return None if self.floor is None else self.value / self.floor

    def as_json(self) -> dict[str, float | str]:
        parts: dict[str, float | str] = {"value": round(self.value, 4), "unit": self.unit}
        if self.floor is not None:
            parts |= {"floor": round(self.floor, 4), "ratio": round(self.value / self.floor, 4)}
        return parts


def p99(samples: Sequence[float]) -> float:
    return quantiles(samples, n=100, method="inclusive")[98]


def cpu_seconds(process: psutil.Process) -> float:
    """What the process has taken of a core so far."""
    times = process.cpu_times()
    return float(times.user + times.system)
