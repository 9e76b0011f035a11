from collections.abc import Callable, Iterator

import pytest

from core import clock, vault
from core.exchange.credentials import Credentials, key_type_of
from core.vault import Secret
from tests.unit.core.exchange.scripted_venue import ScriptedVenue

API_KEY = "k" * 60 + "1234"
API_SECRET = "very-secret-" + "s" * 52


def credentials_of(api_key: str, api_secret: str) -> Credentials:
    places = {"key": "test:1:key", "secret": "test:1:secret"}
    return Credentials(
        api_key=Secret(vault.encrypt(api_key, places["key"]), places["key"]),
        api_secret=Secret(vault.encrypt(api_secret, places["secret"]), places["secret"]),
        key_type=key_type_of(api_secret),
    )


@pytest.fixture
def credentials() -> Credentials:
    return credentials_of(API_KEY, API_SECRET)


@pytest.fixture
def venue() -> Iterator[ScriptedVenue]:
    with ScriptedVenue() as venue:
        yield venue


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the steady clock forward by so many seconds."""
    passed = 0.0
    real = clock.monotonic
    monkeypatch.setattr(clock, "monotonic", lambda: real() + passed)

    def forward(seconds: float) -> None:
        nonlocal passed
        passed += seconds

    return forward
