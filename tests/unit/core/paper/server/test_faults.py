from typing import Any

import pytest

from core.paper.engine.refusals import VenueError
from core.paper.server.faults import KINDS, Faults


class Stopwatch:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def stopwatch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def faults(stopwatch: Stopwatch) -> Faults:
    return Faults(stopwatch)


def strikes(faults: Faults, kind: str, times: int = 10) -> int:
    return sum(faults.strike(kind) is not None for _ in range(times))


def test_a_fault_strikes_as_often_as_it_says(faults: Faults) -> None:
    faults.add({"kind": "no_reply", "count": 3})
    assert strikes(faults, "no_reply") == 3


def test_a_fault_ends_with_its_time_or_its_count_whichever_is_first(faults: Faults, stopwatch: Stopwatch) -> None:
    faults.add({"kind": "no_reply", "count": 3, "seconds": 5})
    assert strikes(faults, "no_reply", 1) == 1
    stopwatch.seconds += 5
    assert strikes(faults, "no_reply") == 0


def test_without_bounds_it_lasts_until_it_is_cleared(faults: Faults) -> None:
    faults.add({"kind": "latency", "ms": 5})
    assert strikes(faults, "latency", 1000) == 1000
    faults.clear()
    assert strikes(faults, "latency") == 0


def test_one_kind_leaves_the_others_alone(faults: Faults) -> None:
    faults.add({"kind": "drop_events"})
    assert strikes(faults, "duplicate_events") == 0


def test_a_connection_is_meant_by_kind_or_all_are(faults: Faults) -> None:
    faults.add({"kind": "refuse_connections", "match": "user"})
    assert faults.strike("refuse_connections", "user")
    assert not faults.strike("refuse_connections", "trade")
    faults.clear()
    faults.add({"kind": "refuse_connections"})
    assert faults.strike("refuse_connections", "trade")


def test_looking_does_not_count(faults: Faults) -> None:
    faults.add({"kind": "clock_skew", "ms": 3000, "count": 1})
    for _ in range(5):
        assert faults.peek("clock_skew")


def test_they_are_listed_with_what_is_left(faults: Faults, stopwatch: Stopwatch) -> None:
    faults.add({"kind": "error", "status": 503, "code": -1008, "msg": "busy", "count": 2, "seconds": 10})
    faults.strike("error")
    stopwatch.seconds += 4
    expected = {"kind": "error", "status": 503, "code": -1008, "msg": "busy", "accepted": False}
    assert faults.describe() == [expected | {"count": 1, "seconds": 6.0}]


def test_an_order_stays_hidden_for_the_faults_own_time_unless_told_otherwise(faults: Faults) -> None:
    assert faults.add({"kind": "late_query", "seconds": 2}).parameters["lag_ms"] == 2000
    assert faults.add({"kind": "late_query", "seconds": 2, "lag_ms": 50}).parameters["lag_ms"] == 50


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"kind": "nonsense"},
        {"kind": "latency"},
        {"kind": "latency", "ms": "long"},
        {"kind": "error", "status": 503},
        {"kind": "drop_events", "match": "user"},
        {"kind": "mute_stream", "match": "everything"},
        {"kind": "no_reply", "count": "many"},
        {"kind": "no_reply", "seconds": "long"},
        {"kind": "no_reply", "accepted": 1},
    ],
)
def test_what_makes_no_sense_is_refused(faults: Faults, spec: dict[str, Any]) -> None:
    with pytest.raises(VenueError):
        faults.add(spec)
    assert faults.describe() == []


def test_every_kind_of_the_contract_is_there() -> None:
    assert set(KINDS) == {
        "drop_connections", "refuse_connections", "mute_stream", "drop_events", "duplicate_events", "reorder_events",
        "delay_events", "no_reply", "error", "rate_limit", "latency", "clock_skew", "partial_fills", "late_query",
        "expire_listen_key",
    }  # fmt: skip
