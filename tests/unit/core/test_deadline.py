"""Reads that are bounded in time."""

import threading

import pytest

from core.clock import monotonic
from core.deadline import Deadline
from core.errors import VenueRefused, VenueUnavailable


def test_what_was_read_in_time_is_returned() -> None:
    assert Deadline(5).read(lambda: "answer") == "answer"


def test_what_comes_too_late_is_unavailable_at_once() -> None:
    never = threading.Event()
    begun = monotonic()
    with pytest.raises(VenueUnavailable):
        Deadline(0.1).read(never.wait)
    never.set()
    assert monotonic() - begun < 2


def test_reads_run_beside_each_other_and_share_the_time() -> None:
    both_here = threading.Barrier(2)
    deadline = Deadline(5)
    first, second = deadline.begin(both_here.wait), deadline.begin(both_here.wait)
    assert {first(), second()} == {0, 1}


def test_errors_come_through() -> None:
    def refuse() -> None:
        raise VenueRefused(-1, "no")

    with pytest.raises(VenueRefused):
        Deadline(5).read(refuse)
