"""The venue's time, as a process carries it."""

import threading
from collections.abc import Callable

import pytest

from core import clock
from core.errors import VenueRefused, VenueUnavailable
from core.exchange.venue_clock import REFRESH_EVERY, VenueClock
from tests.support.waiting import wait_until

AHEAD = 1_700_000_000_000
PassTime = Callable[[float], None]


class Venue:
    """Its time is the steady clock's plus `ahead`; an answer takes `delays` seconds there and back, in turn."""

    def __init__(self, pass_time: PassTime, *delays: float) -> None:
        self.ahead = AHEAD
        self.reads = 0
        self.is_there = True
        self._pass_time = pass_time
        self._delays = list(delays)

    def server_time(self) -> int:
        self.reads += 1
        if not self.is_there:
            raise VenueUnavailable("away")
        delay = self._delays.pop(0) if self._delays else 0.0
        self._pass_time(delay / 2)
        moment = self.now()
        self._pass_time(delay / 2)
        return moment

    def now(self) -> int:
        return round(clock.monotonic() * 1000) + self.ahead


def test_the_first_use_reads_it(pass_time: PassTime) -> None:
    venue = Venue(pass_time)
    assert abs(VenueClock(venue.server_time).now_ms() - venue.now()) < 50


def test_who_must_not_wait_is_told_nothing_until_it_has_been_read(pass_time: PassTime) -> None:
    venue = Venue(pass_time)
    venue_clock = VenueClock(venue.server_time)
    assert venue_clock.known_ms() is None
    wait_until(lambda: venue_clock.known_ms() is not None, 2, "it is read in the background")
    assert abs((venue_clock.known_ms() or 0) - venue.now()) < 50


def test_half_the_round_trip_is_taken_off(pass_time: PassTime) -> None:
    venue = Venue(pass_time, 0.4, 0.4)
    assert abs(VenueClock(venue.server_time).now_ms() - venue.now()) < 50


def test_the_quicker_of_two_samples_counts(pass_time: PassTime) -> None:
    """The first one had to connect, and all of that was before the venue looked at its clock."""
    venue = Venue(pass_time)
    readings = iter([1.0, 0.0])

    def server_time() -> int:
        pass_time(next(readings))
        return venue.server_time()

    assert abs(VenueClock(server_time).now_ms() - venue.now()) < 50


def test_it_goes_on_with_the_steady_clock(pass_time: PassTime) -> None:
    venue = Venue(pass_time)
    venue_clock = VenueClock(venue.server_time)
    before = venue_clock.now_ms()
    pass_time(30)
    assert abs(venue_clock.now_ms() - before - 30_000) < 50
    assert venue.reads == 2


def test_a_step_of_the_hosts_clock_does_not_move_it(pass_time: PassTime, monkeypatch: pytest.MonkeyPatch) -> None:
    venue = Venue(pass_time)
    venue_clock = VenueClock(venue.server_time)
    venue_clock.now_ms()
    monkeypatch.setattr(clock, "now_ms", lambda: 0)
    assert abs(venue_clock.now_ms() - venue.now()) < 50


def test_it_is_read_again_each_minute_in_the_background(pass_time: PassTime) -> None:
    venue = Venue(pass_time)
    venue_clock = VenueClock(venue.server_time)
    venue_clock.now_ms()
    venue.ahead += 5000
    pass_time(REFRESH_EVERY + 1)
    venue_clock.now_ms()
    wait_until(lambda: abs(venue_clock.now_ms() - venue.now()) < 50, 2)


def test_without_a_first_reading_there_is_no_time(pass_time: PassTime) -> None:
    venue = Venue(pass_time)
    venue.is_there = False
    venue_clock = VenueClock(venue.server_time)
    with pytest.raises(VenueUnavailable):
        venue_clock.now_ms()
    venue.is_there = True
    assert abs(venue_clock.now_ms() - venue.now()) < 50


def test_a_refused_reading_is_no_time_either(pass_time: PassTime) -> None:
    def refuse() -> int:
        raise VenueRefused(-1121, "what?")

    with pytest.raises(VenueUnavailable):
        VenueClock(refuse).now_ms()


def test_the_last_reading_holds_while_the_venue_is_away(pass_time: PassTime) -> None:
    venue = Venue(pass_time)
    venue_clock = VenueClock(venue.server_time)
    venue_clock.now_ms()
    venue.is_there = False
    pass_time(REFRESH_EVERY + 1)
    for _ in range(100):
        assert abs(venue_clock.now_ms() - venue.now()) < 50
    wait_until(lambda: venue.reads == 3, 2)
    assert abs(venue_clock.now_ms() - venue.now()) < 50
    assert venue.reads == 3  # not at every call


def test_a_refused_timestamp_reads_it_at_once(pass_time: PassTime) -> None:
    venue = Venue(pass_time)
    venue_clock = VenueClock(venue.server_time)
    venue_clock.now_ms()
    venue.ahead += 5000
    venue_clock.measure()
    assert abs(venue_clock.now_ms() - venue.now()) < 50


def test_threads_that_ask_together_read_it_once(pass_time: PassTime) -> None:
    venue = Venue(pass_time)
    barrier, inside = threading.Barrier(8), threading.Event()

    def server_time() -> int:
        inside.wait(0.2)
        return venue.server_time()

    venue_clock = VenueClock(server_time)

    def ask() -> None:
        barrier.wait()
        venue_clock.now_ms()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert venue.reads == 2
