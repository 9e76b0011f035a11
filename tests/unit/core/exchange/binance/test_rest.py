"""HTTP to a venue: what an error means, what is counted, and what is never said."""

import os
import socket
import traceback
from collections.abc import Callable

import pytest

from core.errors import VenueRefused, VenueUnavailable
from core.exchange.binance.rest import RestClient
from tests.unit.core.exchange.scripted_venue import ScriptedVenue, answer

UNKNOWN_ERROR = "Unknown error, please check your request or try again later."


@pytest.fixture
def rest(venue: ScriptedVenue) -> RestClient:
    return RestClient(venue.rest, connect_timeout=0.3, read_timeout=0.3)


def test_an_answer_is_decoded_and_the_query_sent_as_it_is(venue: ScriptedVenue, rest: RestClient) -> None:
    venue.on("GET", "/fapi/v1/time", answer({"serverTime": 7}))
    assert rest.request("GET", "/fapi/v1/time", "a=%2B%2F%3D&b=1", "the-key") == {"serverTime": 7}
    seen = venue.seen[0]
    assert (seen.query, seen.headers["X-MBX-APIKEY"]) == ("a=%2B%2F%3D&b=1", "the-key")


def test_a_public_request_carries_no_key(venue: ScriptedVenue, rest: RestClient) -> None:
    venue.on("GET", "/fapi/v1/time", answer({}))
    rest.request("GET", "/fapi/v1/time")
    assert not [name for name in venue.seen[0].headers if name.lower() == "x-mbx-apikey"]


@pytest.mark.parametrize(
    ("status", "body"),
    [(400, {"code": -1121, "msg": "Invalid symbol."}), (401, {"code": -2015, "msg": "Invalid API-key."})],
)
def test_a_definite_no_has_its_code(venue: ScriptedVenue, rest: RestClient, status: int, body: dict) -> None:
    venue.on("GET", "/x", answer(body, status))
    with pytest.raises(VenueRefused) as refused:
        rest.request("GET", "/x")
    assert (refused.value.code, refused.value.message) == (body["code"], body["msg"])


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (503, {"code": -1000, "msg": UNKNOWN_ERROR}, "venue_unavailable"),
        (500, "<html>", "unusable_answer"),
        (403, "<html>", "unusable_answer"),
        (404, "", "unusable_answer"),
        (200, "{", "unusable_answer"),
        (200, "NaN", "unusable_answer"),
        (408, {"code": -1007, "msg": "Timeout"}, "venue_unavailable"),
        (400, {"code": -1021, "msg": "Timestamp"}, "clock_refused"),
        (400, {"code": -1000, "msg": "?"}, "venue_unavailable"),
        (400, {}, "venue_unavailable"),
        (400, [], "venue_unavailable"),
        (400, {"code": "what"}, "venue_unavailable"),
        (429, {"code": -1003, "msg": "Too many requests"}, "rate_limited"),
        (418, {"code": -1003, "msg": "banned until 1"}, "rate_limited"),
    ],
)
def test_everything_else_is_unavailable(
    venue: ScriptedVenue, rest: RestClient, status: int, body: object, reason: str
) -> None:
    venue.on("GET", "/x", answer(body, status))
    with pytest.raises(VenueUnavailable) as unavailable:
        rest.request("GET", "/x")
    assert unavailable.value.reason == reason


def test_nobody_listening_is_not_connected() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(VenueUnavailable) as unavailable:
            RestClient(f"http://127.0.0.1:{taken.getsockname()[1]}").request("GET", "/x")
    assert unavailable.value.reason == "not_connected"


def test_silence_is_no_answer_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        rest = RestClient(f"http://127.0.0.1:{silent.getsockname()[1]}", read_timeout=0.2)
        with pytest.raises(VenueUnavailable) as unavailable:
            rest.request("GET", "/x")
    assert unavailable.value.reason == "no_answer"


def test_a_request_is_sent_once_whatever_happens(venue: ScriptedVenue, rest: RestClient) -> None:
    venue.on("POST", "/x", answer({"code": -1000, "msg": UNKNOWN_ERROR}, 503))
    with pytest.raises(VenueUnavailable):
        rest.request("POST", "/x")
    assert len(venue.seen) == 1


@pytest.mark.parametrize("status", [418, 429])
def test_a_limit_is_respected_for_as_long_as_the_venue_asks(
    venue: ScriptedVenue, rest: RestClient, pass_time: Callable[[float], None], status: int
) -> None:
    limited = answer({"code": -1003, "msg": "Too many requests"}, status, **{"Retry-After": "30"})
    venue.on("GET", "/x", limited, answer({"fine": 1}))
    with pytest.raises(VenueUnavailable, match="HTTP"):
        rest.request("GET", "/x")
    pass_time(29)
    with pytest.raises(VenueUnavailable, match="pause") as unavailable:
        RestClient(venue.rest).request("GET", "/x")
    assert unavailable.value.reason == "rate_limited"
    assert len(venue.seen) == 1
    pass_time(2)
    assert rest.request("GET", "/x") == {"fine": 1}


def test_the_venues_counters_are_kept_for_all_clients_of_the_host(venue: ScriptedVenue, rest: RestClient) -> None:
    counters = {"X-MBX-USED-WEIGHT-1M": "42", "X-MBX-ORDER-COUNT-10S": "3", "X-MBX-UUID": "17"}
    venue.on("GET", "/x", answer({}, **counters))
    rest.request("GET", "/x")
    assert RestClient(venue.rest).usage == {"used-weight-1m": 42, "order-count-10s": 3}


def test_a_forked_child_has_connections_of_its_own(venue: ScriptedVenue, rest: RestClient) -> None:
    venue.on("GET", "/x", lambda request: answer(request.transport.get_extra_info("peername")[1])(request))
    ours = rest.request("GET", "/x")
    child = os.fork()
    if child == 0:
        os._exit(0 if rest.request("GET", "/x") != ours else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert rest.request("GET", "/x") == ours


def test_neither_signature_nor_key_shows_in_logs_or_errors(
    venue: ScriptedVenue,
    rest: RestClient,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level("DEBUG")
    venue.on("GET", "/x", answer({}))
    rest.request("GET", "/x", "signature=canary-signature", "canary-key")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        base_url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(VenueUnavailable) as error:
            RestClient(base_url, read_timeout=0.1).request("GET", "/x", "signature=canary-signature", "canary-key")
    told = "".join(traceback.format_exception(error.value)) + caplog.text + str(capsys.readouterr())
    for secret in ("canary-signature", "canary-key"):
        assert f"={secret}" not in told.replace(f'"signature={secret}"', "")
        assert f"'{secret}'" not in told
