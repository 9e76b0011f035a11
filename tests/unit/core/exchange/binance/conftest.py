from collections.abc import Iterator

import pytest

from core.exchange.binance.trading import BinanceTradingConnection
from core.exchange.credentials import Credentials
from tests.unit.core.exchange.binance.orders import RECV_WINDOW, Replies, StandingClock
from tests.unit.core.exchange.scripted_venue import ScriptedVenue


@pytest.fixture
def time() -> StandingClock:
    return StandingClock()


@pytest.fixture
def replies() -> Replies:
    return Replies()


@pytest.fixture
def connection(
    venue: ScriptedVenue, credentials: Credentials, time: StandingClock
) -> Iterator[BinanceTradingConnection]:
    connection = BinanceTradingConnection(f"{venue.socket}/ws-fapi/v1", credentials, time, RECV_WINDOW)
    yield connection
    connection.close()
