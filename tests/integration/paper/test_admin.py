"""The surface under /paper/v1."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from core import clock
from tests.integration.paper.client import Client, closing, limit
from tests.support.servers import PaperServer


def status(venue: PaperServer, method: str, path: str, body: Any = None) -> int:
    return httpx.request(method, f"{venue.url}/paper/v1{path}", json=body, trust_env=False).status_code


def test_only_accounts_can_be_opened_where_the_surface_is_shut(tmp_path: Path) -> None:
    server = PaperServer(tmp_path, PAPER_ADMIN="0")
    server.start()
    try:
        assert status(server, "POST", "/accounts", {"balance": "10"}) == 200
        for method, path in (("GET", "/symbols"), ("POST", "/market/BTCUSDT"), ("GET", "/faults"), ("GET", "/orders")):
            assert status(server, method, path) == 404
    finally:
        server.stop()


def test_an_account_starts_with_its_balance(venue: PaperServer) -> None:
    assert Decimal(Client(venue, balance=1234).wallet()) == 1234


@pytest.mark.parametrize("body", [{}, {"balance": "-1"}, {"balance": "much"}, {"balance": "1", "publicKey": "no PEM"}])
def test_an_account_that_makes_no_sense_is_refused(venue: PaperServer, body: dict[str, str]) -> None:
    assert status(venue, "POST", "/accounts", body) == 400


def test_a_path_is_walked_price_by_price(client: Client) -> None:
    for price in ("79000", "79500"):
        client.buy(price, price)
    start = clock.monotonic()
    client.venue.move("BTCUSDT", "79600", "79000", "81000", interval_ms=50)
    assert clock.monotonic() - start >= 0.1
    trades = client.ok("GET", "/v1/userTrades", symbol="BTCUSDT", fromId=0)
    assert [one["price"] for one in trades] == ["79500", "79000"]
    assert client.raw("GET", "/v1/premiumIndex?symbol=BTCUSDT").json()["markPrice"] == "81000.00000000"


def test_a_fill_and_its_events_are_there_when_the_move_is_answered(client: Client) -> None:
    with closing(client.user_stream()) as (stream,):
        client.buy("79000", "now")
        stream.next()
        client.venue.move("BTCUSDT", "79000")
        stream.ws.settimeout(0.05)
        assert stream.events(3)[-1] == "TRADE"
        assert client.query("now").json()["status"] == "FILLED"


def test_a_halted_symbol_fills_nothing_until_it_opens(client: Client) -> None:
    client.buy("79000", "halted")
    client.venue.halt("BTCUSDT")
    try:
        client.venue.move("BTCUSDT", "78000")
        assert client.query("halted").json()["status"] == "NEW"
        assert client.code("POST", "/v1/order", **limit("BUY", "77000", "new")) == -4141
        listed = client.raw("GET", "/v1/exchangeInfo").json()["symbols"]
        assert {one["symbol"]: one["status"] for one in listed}["BTCUSDT"] == "TRADING_HALT"
    finally:
        client.venue.halt("BTCUSDT", False)
    assert client.query("halted").json()["status"] == "FILLED"


def test_funding_is_paid_now(client: Client) -> None:
    client.market("BUY")
    before = Decimal(client.wallet())
    client.venue.pay_funding("BTCUSDT", "0.0005")
    assert Decimal(client.wallet()) == before - Decimal("0.4")
    newest = client.raw("GET", "/v1/fundingRate?symbol=BTCUSDT&limit=1").json()[0]
    assert (newest["fundingRate"], newest["markPrice"]) == ("0.00050000", "80000")


def test_every_order_that_ever_was_is_shown_with_its_account(client: Client) -> None:
    other = Client(client.venue)
    client.buy("79000", "one")
    other.buy("79000", "two")
    client.ok("DELETE", "/v1/order", symbol="BTCUSDT", origClientOrderId="one")
    ours = {client.api_key, other.api_key}
    found = [one for one in client.venue.orders("BTCUSDT") if one["account"] in ours]
    assert [(one["clientOrderId"], one["status"]) for one in found] == [("one", "CANCELED"), ("two", "NEW")]
    waiting = [one for one in client.venue.orders("BTCUSDT", "NEW") if one["account"] in ours]
    assert [one["clientOrderId"] for one in waiting] == ["two"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/market/NOPE", {"price": "1"}),
        ("/market/BTCUSDT", {}),
        ("/market/BTCUSDT", {"price": "0"}),
        ("/market/BTCUSDT", {"price": "high"}),
        ("/market/BTCUSDT", {"path": []}),
        ("/market/BTCUSDT/halt", {"halted": "yes"}),
        ("/funding/BTCUSDT", {}),
        ("/symbols", {"symbol": "X"}),
        ("/faults", {"kind": "unheard of"}),
    ],
)
def test_what_makes_no_sense_is_refused(venue: PaperServer, path: str, body: dict[str, Any]) -> None:
    assert status(venue, "POST", path, body) == 400


def test_what_was_asked_is_counted_by_address(client: Client, venue: PaperServer) -> None:
    def counted() -> int:
        asked = venue.admin.get("/requests")["asked"]
        return sum(row["count"] for row in asked if row["what"] == "balance" and row["address"] == "127.0.0.1")

    before = counted()
    client.wallet()
    assert counted() == before + 1
