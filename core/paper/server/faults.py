"""The switchboard of injected faults: which are active, for how long, and how often they still strike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.paper.engine.refusals import VenueError

_CONNECTIONS = ("user", "market", "trade")
# kind -> its parameters, with the value of each where none is sent; a type where one must be
KINDS: dict[str, dict[str, Any]] = {
    "drop_connections": {"match": ""},
    "refuse_connections": {"match": ""},
    "mute_stream": {"match": ""},
    "drop_events": {},
    "duplicate_events": {},
    "reorder_events": {},
    "delay_events": {"ms": int},
    "no_reply": {"accepted": False},
    "error": {"status": int, "code": int, "msg": "", "accepted": False},
    "rate_limit": {"status": 429},
    "latency": {"ms": int},
    "clock_skew": {"ms": int},
    "partial_fills": {"pieces": int},
    "late_query": {"lag_ms": 0},
    "expire_listen_key": {},
}
AT_ONCE = ("drop_connections", "expire_listen_key")  # they strike once, now, and never stay


@dataclass(slots=True)
class Fault:
    """`left` is how often it still strikes, `until` when it ends (seconds, monotonic); None for no bound."""

    kind: str
    parameters: dict[str, Any]
    left: int | None
    until: float | None

    def describe(self, now: float) -> dict[str, Any]:
        seconds = None if self.until is None else round(self.until - now, 3)
        return {"kind": self.kind, **self.parameters, "count": self.left, "seconds": seconds}


class Faults:
    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._active: list[Fault] = []

    def add(self, spec: Mapping[str, Any]) -> Fault:
        """Raises VenueError where the kind or a parameter is wrong."""
        fault = _parsed(spec, self._monotonic())
        if fault.kind not in AT_ONCE:
            self._active.append(fault)
        return fault

    def clear(self) -> None:
        self._active.clear()

    def describe(self) -> list[dict[str, Any]]:
        self._forget_ended()
        return [fault.describe(self._monotonic()) for fault in self._active]

    def peek(self, kind: str, connection: str = "") -> Fault | None:
        """The fault of that kind that is active now, if any; not counted as a strike."""
        if not self._active:
            return None
        self._forget_ended()
        return next((one for one in self._active if one.kind == kind and matches(one, connection)), None)

    def strike(self, kind: str, connection: str = "") -> Fault | None:
        """The same, counted."""
        fault = self.peek(kind, connection)
        if fault is not None and fault.left is not None:
            fault.left -= 1
        return fault

    def _forget_ended(self) -> None:
        now = self._monotonic()
        self._active = [one for one in self._active if one.left != 0 and (one.until is None or now < one.until)]


def matches(fault: Fault, connection: str) -> bool:
    """Whether a fault with `match` means this kind of connection: user, market or trade."""
    return fault.parameters.get("match", "") in ("", connection)


def _parsed(spec: Mapping[str, Any], now: float) -> Fault:
    kind = spec.get("kind")
    if kind not in KINDS:
        raise VenueError(-1130, f"kind must be one of {', '.join(KINDS)}")
    unknown = set(spec) - set(KINDS[kind]) - {"kind", "count", "seconds"}
    if unknown:
        raise VenueError(-1130, f"{kind} has no parameter {', '.join(sorted(unknown))}")
    parameters = {name: _parameter(kind, name, default, spec) for name, default in KINDS[kind].items()}
    if parameters.get("match", "") not in ("", *_CONNECTIONS):
        raise VenueError(-1130, f"match must be one of {', '.join(_CONNECTIONS)}")
    count, seconds = _bound("count", spec), _bound("seconds", spec)
    if kind == "late_query" and not parameters["lag_ms"]:
        parameters["lag_ms"] = int((seconds or 0) * 1000)
    return Fault(
        kind,
        parameters,
        None if count is None else int(count),
        None if seconds is None else now + seconds,
    )


def _bound(name: str, spec: Mapping[str, Any]) -> float | None:
    value = spec.get(name)
    if value is not None and not isinstance(value, int | float):
        raise VenueError(-1130, f"{name} must be a number")
    return value


def _parameter(kind: str, name: str, default: Any, spec: Mapping[str, Any]) -> Any:
    value = spec.get(name)
    if value is None:
        if default is int:
            raise VenueError(-1102, f"{kind} needs {name}")
        return default
    wanted = default if isinstance(default, type) else type(default)
    if wanted is int and isinstance(value, float):
        value = int(value)
    if not isinstance(value, wanted):
        raise VenueError(-1130, f"{name} must be of type {wanted.__name__}")
    return value
