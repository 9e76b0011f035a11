"""Signatures, against the vector that the venue publishes and keys made here."""

import base64
from decimal import Decimal

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core.paper.engine.accounts import Account
from core.paper.engine.exchange import Exchange
from core.paper.engine.refusals import VenueError
from core.paper.server import auth
from core.paper.server.params import Params

NOW = 1_591_702_613_943
# the venue's own example of a signed order
SECRET = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
QUERY = (
    "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000&timestamp=1591702613943"
)
SIGNATURE = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"


def hmac_account() -> Account:
    return Exchange(lambda: NOW).open_account("k" * 64, SECRET, "", Decimal(0))


def check(account: Account, payload: str, signature: str, now: int = NOW, **values: str) -> None:
    params = Params({"timestamp": str(NOW), "recvWindow": "5000", "signature": signature} | values)
    auth.check_signed(account, params, (payload,), now)


def test_the_venues_own_example_is_taken() -> None:
    check(hmac_account(), QUERY, SIGNATURE)


def test_a_payload_of_query_and_body_is_what_was_sent_without_the_signature() -> None:
    query, _, body = QUERY.partition("&quantity")
    assert auth.rest_payload(f"{query}&signature={SIGNATURE}", f"quantity{body}") == query + "quantity" + body
    assert auth.rest_payload(f"signature={SIGNATURE}&a=1", "") == "&a=1"


@pytest.mark.parametrize("signature", [SIGNATURE[:-1] + "0", "", "ümlaut", "0" * 64])
def test_any_other_signature_is_refused(signature: str) -> None:
    with pytest.raises(VenueError, match=r"-1022|-1102"):
        check(hmac_account(), QUERY, signature)


def test_one_changed_character_is_refused() -> None:
    with pytest.raises(VenueError, match="-1022"):
        check(hmac_account(), QUERY.replace("price=9000", "price=9001"), SIGNATURE)


def test_an_ed25519_signature_is_taken_and_another_keys_is_not() -> None:
    private, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    account = Exchange(lambda: NOW).open_account("k" * 64, "", pem, Decimal(0))
    check(account, QUERY, base64.b64encode(private.sign(QUERY.encode())).decode())
    with pytest.raises(VenueError, match="-1022"):
        check(account, QUERY, base64.b64encode(other.sign(QUERY.encode())).decode())
    with pytest.raises(VenueError, match="-1022"):
        check(account, QUERY, "no base64 at all")


@pytest.mark.parametrize(
    ("late_ms", "window", "is_taken"),
    [
        (5000, "5000", True),
        (5001, "5000", False),
        (-999, "5000", True),
        (-1000, "5000", False),
        (60_000, "60000", True),
        (0, "60001", False),
    ],
)
def test_a_request_is_good_within_its_window_only(late_ms: int, window: str, is_taken: bool) -> None:
    params = Params({"timestamp": str(NOW), "recvWindow": window})
    if is_taken:
        auth.check_time(params, NOW + late_ms)
    else:
        with pytest.raises(VenueError, match=r"-1021|-1131"):
            auth.check_time(params, NOW + late_ms)


def test_without_a_window_it_is_five_seconds() -> None:
    auth.check_time(Params({"timestamp": str(NOW)}), NOW + 5000)
    with pytest.raises(VenueError, match="-1021"):
        auth.check_time(Params({"timestamp": str(NOW)}), NOW + 5001)


def test_keys_are_refused_by_form_and_by_name() -> None:
    exchange = Exchange(lambda: NOW)
    with pytest.raises(VenueError, match="-2014"):
        auth.account_of(exchange, "short")
    with pytest.raises(VenueError, match="-2015"):
        auth.account_of(exchange, "a" * 64)


def test_ws_parameters_are_signed_by_name_and_plain_or_encoded() -> None:
    values = {"symbol": "BTCUSDT", "newClientOrderId": "a/b", "apiKey": "k", "signature": "x"}
    assert tuple(auth.ws_payloads(values)) == (
        "apiKey=k&newClientOrderId=a/b&symbol=BTCUSDT",
        "apiKey=k&newClientOrderId=a%2Fb&symbol=BTCUSDT",
    )
