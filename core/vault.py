"""Encrypted columns. A ciphertext is bound to its place, so that it can't be moved to another row."""

import hashlib
import hmac
from dataclasses import dataclass
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from core.config import settings
from core.errors import ConfigurationError

_SEPARATOR = "\x1f"


@cache
def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings().credentials_keys])


def encrypt(plaintext: str, place: str) -> str:
    """`place` names the row and field it belongs to, e.g. `exchange_apis:7:api_secret`."""
    return _fernet().encrypt(f"{place}{_SEPARATOR}{plaintext}".encode()).decode()


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A value that stays encrypted until the moment it is used."""

    ciphertext: str
    place: str

    def reveal(self) -> str:
        """The plaintext. Raises ConfigurationError where no key of CREDENTIALS_KEYS opens it."""
        try:
            text = _fernet().decrypt(self.ciphertext.encode()).decode()
        except InvalidToken:
            raise ConfigurationError(
                f"no key of CREDENTIALS_KEYS opens {self.place}: restore the key it was written with"
            ) from None
        place, _, plaintext = text.partition(_SEPARATOR)
        if place != self.place:
            raise ConfigurationError(f"the ciphertext in {self.place} was written for another place")
        return plaintext

    def __repr__(self) -> str:
        return f"Secret({self.place}, {len(self.ciphertext)} encrypted characters)"


def fingerprint(plaintext: str) -> str:
    """A keyed hash for finding the same key again without storing it. Keyed by SECRET_KEY, which must not change."""
    return hmac.digest(settings().secret_key.encode(), b"fingerprint" + plaintext.encode(), hashlib.sha256).hex()


def mask(plaintext: str) -> str:
    """The last four characters of a public key, for people to tell their keys apart."""
    return f"…{plaintext[-4:]}"
