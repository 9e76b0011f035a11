"""The clockwork, with the venue's clock set forward."""

from decimal import Decimal

import pytest

from core.paper.engine.orders import NewOrder
from core.paper.engine.placing import place
from core.paper.server.app import each_second
from core.paper.server.store import Store
from core.paper.server.venue import Venue

HOUR_MS = 3_600_000


@pytest.fixture
def venue() -> Venue:
    """One account, 0.010 BTC long."""
    venue = Venue(Store(None), 2400, admin=True)
    account = venue.exchange.open_account("k" * 64, "s", "", Decimal(10_000))
    place(venue.exchange, account, NewOrder("BTCUSDT", "BUY", "MARKET", "GTC", Decimal("0.010"), None, ""))
    venue.hub.open_key(account, "listen")
    venue.commit()
    return venue


def forward(venue: Venue, hours: int) -> None:
    venue.faults.clear()
    venue.faults.add({"kind": "clock_skew", "ms": hours * HOUR_MS})


def fundings(venue: Venue) -> int:
    return int(venue.store.value("SELECT count(*) FROM incomes WHERE type = 'FUNDING_FEE'"))


def test_funding_is_paid_once_at_each_funding_time(venue: Venue) -> None:
    each_second(venue, funds=True)
    assert fundings(venue) == 0
    for times, hours in ((1, 8), (2, 16)):
        forward(venue, hours)
        each_second(venue, funds=True)
        each_second(venue, funds=True)
        assert fundings(venue) == times


def test_a_venue_that_is_funded_by_hand_only_shows_the_next_time(venue: Venue) -> None:
    forward(venue, 8)
    each_second(venue, funds=False)
    assert fundings(venue) == 0
    assert venue.exchange.market("BTCUSDT").next_funding > venue.now()


def test_a_listen_key_ends_after_an_hour_unless_it_is_extended(venue: Venue) -> None:
    account = venue.exchange.accounts[1]
    forward(venue, 1)
    venue.hub.open_key(account, "never used")
    each_second(venue, funds=False)
    assert venue.hub.is_listen_key("listen")
    forward(venue, 2)
    each_second(venue, funds=False)
    assert not venue.hub.is_listen_key("listen")
    assert account.listen_key == ""


def test_minutes_that_pass_are_kept_as_candles(venue: Venue) -> None:
    forward(venue, 2)
    each_second(venue, funds=False)
    assert venue.store.value("SELECT count(*) FROM candles WHERE symbol = 'BTCUSDT'") in (120, 121)
