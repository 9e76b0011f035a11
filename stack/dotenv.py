"""Fresh secrets for a first start."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet
from dotenv import dotenv_values

_HEADER = "# Written at the first start. CREDENTIALS_KEYS opens the stored exchange keys: keep a copy.\n"


def complete(file: Path, environment: Mapping[str, str]) -> list[str]:
    """Appends to `file` every secret that neither it nor the environment has; returns the names of those written."""
    known = {**dotenv_values(file), **environment} if file.exists() else dict(environment)
    fresh = {name: value for name, value in fresh_secrets().items() if name not in known}
    if fresh:
        _append(file, "".join(f"{name}={value}\n" for name, value in fresh.items()))
    return list(fresh)


def fresh_secrets() -> dict[str, str]:
    return {"SECRET_KEY": secrets.token_urlsafe(48), "CREDENTIALS_KEYS": Fernet.generate_key().decode()}


def _append(file: Path, lines: str) -> None:
    new = not file.exists()
    with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+") as out:
        before = out.read()
        out.write(_HEADER if new else "" if not before or before.endswith("\n") else "\n")
        out.write(lines)
    file.chmod(0o600)
