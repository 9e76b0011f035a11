"""Passwords: which are taken, and argon2id."""

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import Invalid

LEAST, MOST = 12, 256
# OWASP's parameters; the semaphore bounds what a burst of logins takes of memory and cores.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_AT_ONCE = threading.BoundedSemaphore(4)
_COMMON = frozenset(
    {
        "password1234",
        "password12345",
        "password123456",
        "passwordpassword",
        "passw0rd1234",
        "123456789012",
        "1234567890123",
        "12345678901234",
        "123456789012345",
        "1234567890123456",
        "qwertyuiop12",
        "qwertyuiop123",
        "qwerty123456",
        "qwertyqwerty",
        "iloveyou1234",
        "abcdefghijkl",
        "abcd12345678",
        "abc123456789",
        "letmein12345",
        "welcome12345",
        "administrator",
        "admin1234567",
        "changeme1234",
        "trustno1trustno1",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
        "zaq12wsxcde3",
        "asdfghjkl123",
        "0123456789ab",
    }
)
# A hash of nothing: checking it costs what checking a real one does, so that an unknown email takes as long.
_NOBODY = _HASHER.hash("nobody has this password")


def check_strength(password: str, email: str) -> None:
    """Raises Invalid (weak_password): too short, too common, one character over and over, or the email itself."""
    lowered = password.lower()
    if len(password) < LEAST or len(password) > MOST:
        _weak(f"must have {LEAST} to {MOST} characters")
    if lowered in _COMMON or len(set(password)) < 4 or lowered == email:
        _weak("is too easy to guess")


def _weak(why: str) -> None:
    raise Invalid("weak_password", f"The password {why}.", {"password": [f"The password {why}."]})


def hash_password(password: str) -> str:
    with _AT_ONCE:
        return _HASHER.hash(password)


def is_right(password_hash: str | None, password: str) -> bool:
    """Takes as long for a user who does not exist (None)."""
    with _AT_ONCE:
        try:
            return _HASHER.verify(_NOBODY if password_hash is None else password_hash, password) and bool(password_hash)
        except (VerificationError, InvalidHashError):
            return False
