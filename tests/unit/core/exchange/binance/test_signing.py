"""Signatures, against the vectors of the venue's own documentation."""

import hashlib
import hmac
from base64 import b64decode
from decimal import Decimal
from urllib.parse import parse_qsl, unquote

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from core.exchange.binance.signing import query_of, signed_params, signed_query
from tests.unit.core.exchange.conftest import credentials_of

REST_SECRET = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
WS_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
WS_SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"


def test_a_rest_request_is_signed_in_the_order_it_is_sent() -> None:
    params = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "quantity": "1",
        "price": "9000",
        "timeInForce": "GTC",
        "recvWindow": 5000,
        "timestamp": 1591702613943,
    }
    assert signed_query(credentials_of("key", REST_SECRET), params) == (
        "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000"
        "&timestamp=1591702613943&signature=3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"
    )


def test_a_websocket_request_is_signed_sorted_by_name() -> None:
    params = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01000000",
        "price": "52000.00",
        "newOrderRespType": "ACK",
        "recvWindow": 100,
        "timestamp": 1645423376532,
    }
    signed = signed_params(credentials_of(WS_KEY, WS_SECRET), params)
    assert signed.pop("signature") == "cc15477742bd704c29492d96c7ead9414dfd8e0ec4a00f947bb5bb454ddbd08a"
    assert signed == {**params, "apiKey": WS_KEY}


@pytest.mark.parametrize(
    ("symbol", "encoded"), [("币安人生USDT", "%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9FUSDT"), ("a/b:c d", "a%2Fb%3Ac%20d")]
)
def test_what_is_not_plain_is_percent_encoded_before_it_is_signed(symbol: str, encoded: str) -> None:
    query = signed_query(credentials_of("key", REST_SECRET), {"symbol": symbol})
    digest = hmac.digest(REST_SECRET.encode(), f"symbol={encoded}".encode(), hashlib.sha256).hex()
    assert query == f"symbol={encoded}&signature={digest}"


@given(st.dictionaries(st.sampled_from("abcdef"), st.text(max_size=12) | st.integers()))
def test_a_query_says_what_was_meant(params: dict[str, str | int]) -> None:
    told = parse_qsl(query_of(params), keep_blank_values=True, errors="surrogatepass")
    assert told == [(name, str(value)) for name, value in params.items()]


def test_an_ed25519_key_signs_in_base64() -> None:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    query = signed_query(credentials_of("key", pem), {"timestamp": 1})
    payload, _, signature = query.partition("&signature=")
    key.public_key().verify(b64decode(unquote(signature)), payload.encode())
    assert not set(signature) & set("+/=")


def test_the_vectors_hold_for_decimals_as_texts() -> None:
    assert query_of({"quantity": format(Decimal("0.001"), "f")}) == "quantity=0.001"
