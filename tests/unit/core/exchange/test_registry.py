"""The venues by name."""

from collections.abc import Callable
from typing import Any

import pytest

from core.errors import NotFound
from core.exchange import VENUES, account_api, mark_stream, public_api, trading_connection, user_stream, venue_now_ms
from core.exchange.credentials import Credentials
from tests.support.environment import forget_settings
from tests.unit.core.exchange.scripted_venue import ScriptedVenue, answer


@pytest.fixture
def paper(venue: ScriptedVenue, monkeypatch: pytest.MonkeyPatch) -> ScriptedVenue:
    monkeypatch.setenv("PAPER_URL", f"{venue.rest}/")
    forget_settings()
    return venue


def test_there_are_three() -> None:
    assert list(VENUES) == ["paper", "binance", "binance-testnet"]
    assert len(VENUES) == 3


def test_the_simulated_one_is_where_the_settings_say(paper: ScriptedVenue) -> None:
    address = VENUES["paper"]
    assert (address.rest, address.trading, address.streams) == (paper.rest, paper.socket, paper.socket)


def test_the_real_ones_are_reached_over_tls_only() -> None:
    for name in ("binance", "binance-testnet"):
        address = VENUES[name]
        assert address.rest.startswith("https://")
        assert address.trading.startswith("wss://")
        assert address.streams.startswith("wss://")


@pytest.mark.parametrize(
    "make",
    [
        public_api,
        venue_now_ms,
        mark_stream,
        lambda exchange: user_stream(exchange, "key"),
        lambda exchange: account_api(exchange, None),
        lambda exchange: trading_connection(exchange, None),
    ],
    ids=["public", "clock", "marks", "user", "account", "trading"],
)
@pytest.mark.parametrize("exchange", ["", "kraken", "Paper", "../binance"])
def test_an_unknown_one_is_not_found(make: Callable[[str], Any], exchange: str) -> None:
    with pytest.raises(NotFound) as unknown:
        make(exchange)
    assert unknown.value.reason == "unknown_exchange"


def test_each_part_reaches_the_venue_by_its_name(paper: ScriptedVenue, credentials: Credentials) -> None:
    paper.on("GET", "/fapi/v1/time", answer({"serverTime": 1_700_000_000_000}))
    paper.on("GET", "/fapi/v3/balance", answer([]))
    paper.on("POST", "/fapi/v1/listenKey", answer({"listenKey": "k"}))
    assert public_api("paper").server_time() == 1_700_000_000_000
    assert 0 <= venue_now_ms("paper") - 1_700_000_000_000 < 5000
    assert account_api("paper", credentials).balances() == []
    user_stream("paper", "key").close()
    mark_stream("paper").close()
    assert [seen.path for seen in paper.handshakes] == ["/private/ws", "/market/stream"]
    assert "recvWindow=3000" in next(seen.query for seen in paper.seen if seen.path == "/fapi/v3/balance")


def test_the_window_of_a_signed_request_comes_from_the_settings(
    paper: ScriptedVenue, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECV_WINDOW_MS", "1234")
    forget_settings()
    paper.on("GET", "/fapi/v1/time", answer({"serverTime": 1_700_000_000_000}))
    paper.on("GET", "/fapi/v3/balance", answer([]))
    account_api("paper", credentials).balances()
    assert "recvWindow=1234" in paper.seen[-1].query
