"""An account's API key and secret, and which kind of key a secret belongs to."""

from dataclasses import dataclass
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from core.errors import Invalid
from core.vault import Secret

KeyType = Literal["HMAC", "ED25519"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Both values stay encrypted until the moment of signing."""

    api_key: Secret
    api_secret: Secret
    key_type: KeyType


def key_type_of(api_secret: str) -> KeyType:
    """ED25519 for a private key in PEM, else HMAC. Raises Invalid where it can be neither."""
    if "-----BEGIN" in api_secret:
        ed25519_key(api_secret)
        return "ED25519"
    if not api_secret or any(character.isspace() for character in api_secret):
        raise _invalid("an HMAC secret is one word without spaces")
    return "HMAC"


def ed25519_key(pem: str) -> Ed25519PrivateKey:
    """The private key in `pem`. Raises Invalid, with nothing of the key in the text."""
    try:
        key = load_pem_private_key(pem.strip().encode(), password=None)
    except (ValueError, TypeError, ArithmeticError):
        raise _invalid("the private key is not readable PEM, or it is encrypted") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _invalid("of private keys, only Ed25519 is supported")
    return key


def _invalid(text: str) -> Invalid:
    return Invalid("api_secret_invalid", text, {"api_secret": [text]})
