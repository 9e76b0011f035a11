"""What an account hears of itself."""

import pytest
from websocket import WebSocketBadStatusException

from tests.integration.paper.client import Client, Stream, closing


@pytest.mark.parametrize(
    "path",
    [
        "/private/ws/{key}",
        "/private/ws?listenKey={key}",
        "/private/ws?listenKey={key}&events=ORDER_TRADE_UPDATE/ACCOUNT_UPDATE/TRADE_LITE",
        "/ws/{key}",
    ],
)
def test_the_user_stream_tells_fills_in_the_venues_order(client: Client, path: str) -> None:
    with closing(client.user_stream(path)) as (stream,):
        client.buy("79000", "u1")
        assert stream.events(1) == ["NEW"]
        client.venue.move("BTCUSDT", "79000")
        assert stream.events(3) == ["TRADE_LITE", "ACCOUNT_UPDATE", "TRADE"]
        client.market("SELL")
        assert stream.events(4) == ["TRADE_LITE", "NEW", "ACCOUNT_UPDATE", "TRADE"]


def test_events_can_be_chosen(client: Client) -> None:
    with closing(client.user_stream("/private/ws?listenKey={key}&events=ORDER_TRADE_UPDATE")) as (stream,):
        client.market("BUY")
        assert stream.events(2) == ["NEW", "TRADE"]
        assert stream.is_silent()


def test_a_combined_user_stream_names_its_key(client: Client) -> None:
    key = client.listen_key()
    with closing(Stream(client.venue, f"/private/stream?streams={key}")) as (stream,):
        client.buy("79000", "u2")
        told = stream.next()
        assert (told["stream"], told["data"]["o"]["c"]) == (key, "u2")


def test_a_listen_key_can_be_subscribed_to(client: Client) -> None:
    with closing(Stream(client.venue, "/private/ws")) as (stream,):
        assert stream.ask("SUBSCRIBE", client.listen_key()) == {"result": None, "id": 7}
        client.buy("79000", "u3")
        assert stream.events(1) == ["NEW"]


def test_accounts_do_not_hear_each_other(client: Client) -> None:
    with closing(Client(client.venue).user_stream()) as (stream,):
        client.market("BUY")
        assert stream.is_silent()


def test_a_listen_key_is_the_accounts_until_it_is_closed(client: Client) -> None:
    key = client.listen_key()
    assert client.listen_key() == key
    assert client.raw("PUT", "/v1/listenKey").json() == {"listenKey": key}
    assert client.raw("DELETE", "/v1/listenKey").json() == {}
    assert client.raw("PUT", "/v1/listenKey").json()["code"] == -1125
    assert client.listen_key() != key
    with pytest.raises(WebSocketBadStatusException, match="-1125"):
        Stream(client.venue, f"/private/ws/{key}")
