"""The venue's time, carried forward on the host's steady clock, so that a step of the host's clock cannot move it."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache

import structlog

from core import clock
from core.errors import VenueRefused, VenueUnavailable
from core.exchange.binance.public import BinancePublicApi
from core.exchange.binance.rest import RestClient
from core.exchange.venues import address_of

log = structlog.get_logger()

REFRESH_EVERY = 60.0  # seconds
_TIMEOUT = 0.6  # seconds; connecting, the handshake and the answer together stay below 2 s


class VenueClock:
    """One venue's clock; `server_time` reads it over the network, in ms. Thread-safe."""

    def __init__(self, server_time: Callable[[], int]) -> None:
        self._server_time = server_time
        self._reading = threading.Lock()
        self._ahead: float | None = None  # venue time minus the steady clock, ms
        self._read_at = 0.0

    def now_ms(self) -> int:
        """Venue time, ms. The first use reads it, and raises VenueUnavailable if it can't; later ones never wait."""
        if self._ahead is None:
            self.measure()
        elif clock.monotonic() - self._read_at > REFRESH_EVERY:
            self.refresh_soon()
        assert self._ahead is not None
        return round(clock.monotonic() * 1000 + self._ahead)

    def known_ms(self) -> int | None:
        """The same, for whoever must not wait: None where it was never read, which is then done in the background."""
        if self._ahead is None:
            self.refresh_soon()
            return None
        return self.now_ms()

    def measure(self) -> None:
        """Reads the venue's time now, or waits for the thread that already does. Raises VenueUnavailable."""
        asked_at = clock.monotonic()
        with self._reading:
            if self._ahead is None or self._read_at < asked_at:
                self._read()

    def refresh_soon(self) -> None:
        """Reads it in the background, unless somebody already does. The reading so far holds until then."""
        if self._reading.acquire(blocking=False):
            threading.Thread(target=self._refresh, name="venue-clock", daemon=True).start()

    def _refresh(self) -> None:
        try:
            self._read()
        except VenueUnavailable as error:
            self._read_at = clock.monotonic()  # the next try in a minute, not at every call
            log.warning("venue time not read", error=str(error))
        finally:
            self._reading.release()

    def _read(self) -> None:
        """Two samples, of which the quicker one counts: the first may have had to connect."""
        samples = [self._sample()]
        with suppress(VenueUnavailable):
            samples.append(self._sample())
        _, self._ahead = min(samples)
        self._read_at = clock.monotonic()

    def _sample(self) -> tuple[float, float]:
        """(round trip in seconds, venue time minus the steady clock in ms), taking both ways as equally long."""
        before = clock.monotonic()
        try:
            venue = self._server_time()
        except VenueRefused as refused:  # its time is nobody's to refuse: something stands between
            raise VenueUnavailable(f"venue time not read: {refused}") from None
        after = clock.monotonic()
        return after - before, venue - (before + after) / 2 * 1000


def venue_clock(exchange: str) -> VenueClock:
    """The process's clock of a venue. Raises NotFound("unknown_exchange")."""
    return _clock_at(address_of(exchange).rest)


@cache
def _clock_at(base_url: str) -> VenueClock:
    return VenueClock(BinancePublicApi(RestClient(base_url, _TIMEOUT, _TIMEOUT)).server_time)


os.register_at_fork(after_in_child=_clock_at.cache_clear)  # the parent may have been reading one at the fork


def known_venue_ms(exchange: str) -> int | None:
    """The venue's time, ms, without waiting for anything; None where it was never read."""
    return venue_clock(exchange).known_ms()


def venue_now_ms(exchange: str) -> int:
    """The venue's time, ms. Raises VenueUnavailable where it was never read and does not answer within 2 s."""
    return venue_clock(exchange).now_ms()
