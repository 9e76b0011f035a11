"""Accounts of the simulated exchange, by the kind of key a client signs with."""

from dataclasses import dataclass
from decimal import Decimal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.support.venue import Venue

DEPOSIT = Decimal(10_000)  # USDT


@dataclass(frozen=True, slots=True)
class Keys:
    """An account's credentials: an HMAC secret, or the PEM of an Ed25519 private key."""

    api_key: str
    secret: str | None = None
    private_key: str | None = None


def hmac_keys(venue: Venue) -> Keys:
    api_key, secret = venue.open_account(DEPOSIT)
    return Keys(api_key, secret=secret)


def ed25519_keys(venue: Venue) -> Keys:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    answer = venue.admin.post("/accounts", {"balance": str(DEPOSIT), "publicKey": public})
    return Keys(answer["apiKey"], private_key=private)
