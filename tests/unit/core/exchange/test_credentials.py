"""Which kind of key a secret belongs to, and that it stays one."""

import copy
import pickle
import traceback

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from core.errors import Invalid
from core.exchange.credentials import Credentials, key_type_of
from tests.unit.core.exchange.conftest import API_KEY, API_SECRET


def pem_of(key: Ed25519PrivateKey | rsa.RSAPrivateKey, lock: KeySerializationEncryption | None = None) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock or NoEncryption()).decode()


def test_a_private_key_in_pem_is_ed25519() -> None:
    pem = pem_of(Ed25519PrivateKey.generate())
    assert key_type_of(pem) == "ED25519"
    assert key_type_of(f"\n  {pem}\n\n") == "ED25519"


def test_one_word_is_an_hmac_secret() -> None:
    assert key_type_of("NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j") == "HMAC"


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "two words",
        "line\nbreak",
        pem_of(rsa.generate_private_key(65537, 2048)),
        pem_of(Ed25519PrivateKey.generate(), BestAvailableEncryption(b"password")),
        "-----BEGIN PRIVATE KEY-----\nnot base64\n-----END PRIVATE KEY-----",
        pem_of(Ed25519PrivateKey.generate())[:80],
    ],
    ids=["empty", "two words", "two lines", "rsa", "locked", "no base64", "cut off"],
)
def test_anything_else_is_refused_without_showing_it(secret: str) -> None:
    with pytest.raises(Invalid) as refused:
        key_type_of(secret)
    assert refused.value.reason == "api_secret_invalid"
    assert list(refused.value.fields) == ["api_secret"]
    told = "".join(traceback.format_exception(refused.value, chain=True))
    assert not secret or secret not in told.replace(repr(secret), "")


def test_credentials_show_nothing_of_what_they_hold(credentials: Credentials) -> None:
    for text in (repr(credentials), str(credentials), f"{copy.copy(credentials)}", repr(pickle.dumps(credentials))):
        assert API_KEY not in text
        assert API_SECRET not in text
