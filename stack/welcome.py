"""Waits until the system is ready, makes sure of the demo user and says where to log in."""

import json
import secrets
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import click
import httpx

from core.clock import monotonic, sleep
from core.config import VAR, settings
from stack.api import Answer, Api
from stack.redis import write_private

_TELL_AGAIN_S = 10.0
_FIRST_EMAIL = "demo@example.com"


def welcome() -> None:
    url = f"http://127.0.0.1:{settings().port}"
    wait_until_ready(url)
    api = Api(f"{url}/api/v1")
    email, password = demo_login(api, VAR / "demo-login.json")
    if not any(key["exchange"] == "paper" for key in api.get_all("/exchange-keys")):
        api.post("/exchange-keys", {"exchange": "paper"})
    click.echo(f"Gridkeeper is ready: {url}  login: {email}  password: {password}")


def wait_until_ready(url: str, timeout: float = float("inf")) -> None:
    """Until /readyz answers 200, telling from time to time what is missing. Raises TimeoutError after `timeout` s."""
    begun = told = monotonic()
    while (missing := _missing(url)) is not None:
        if monotonic() - begun > timeout:
            raise TimeoutError(f"not ready after {timeout:.0f} s: {missing}")
        if monotonic() - told > _TELL_AGAIN_S:
            click.echo(f"not ready yet: {missing}")
            told = monotonic()
        sleep(0.2)


def _missing(url: str) -> str | None:
    """What /readyz misses in words, None when nothing."""
    try:
        answer = httpx.get(f"{url}/readyz", timeout=5.0, trust_env=False)
    except httpx.TransportError as error:
        return f"web does not answer ({type(error).__name__})"
    return None if answer.status_code == httpx.codes.OK else answer.text.strip()[:500]


def demo_login(api: Api, file: Path) -> tuple[str, str]:
    """Logs the demo user in, the one that `file` remembers or a new one; returns email and password."""
    if file.exists():
        known = json.loads(file.read_text())
        if _enters(api, known["email"], known["password"]):
            return known["email"], known["password"]
    password = secrets.token_urlsafe(12)
    email = next(email for email in _emails() if _enters(api, email, password))
    write_private(file, json.dumps({"email": email, "password": password}) + "\n")
    return email, password


def _emails() -> Iterator[str]:
    """Another one where the first is taken by a user whose password nobody kept."""
    yield _FIRST_EMAIL
    for _ in repeat(None, 3):
        yield f"demo-{secrets.token_hex(3)}@example.com"


def _enters(api: Api, email: str, password: str) -> bool:
    """Registers the user where it does not exist, then logs in."""
    try:
        api.post("/auth/register", {"email": email, "password": password})
    except Answer as refusal:
        if refusal.status >= 500:
            raise
    try:
        api.login(email, password)
    except Answer as refusal:
        if refusal.status >= 500:
            raise
        return False
    return True
