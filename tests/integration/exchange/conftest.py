from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from core import clock, vault
from core.exchange import (
    Credentials,
    account_api,
    key_type_of,
    public_api,
    trading_connection,
    user_stream,
)
from core.exchange.base import AccountApi, PublicApi, TradingConnection, UserStream
from core.vault import Secret
from tests.integration.exchange.trader import Trader
from tests.support.servers import PaperServer


def credentials_of(api_key: str, api_secret: str) -> Credentials:
    return Credentials(
        api_key=Secret(vault.encrypt(api_key, "test:key"), "test:key"),
        api_secret=Secret(vault.encrypt(api_secret, "test:secret"), "test:secret"),
        key_type=key_type_of(api_secret),
    )


@pytest.fixture(params=["HMAC", "ED25519"])
def credentials(request: pytest.FixtureRequest, paper_server: PaperServer) -> Credentials:
    """A new account with 10,000 USDT, for each kind of key."""
    if request.param == "HMAC":
        return credentials_of(*paper_server.open_account())
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    opened = paper_server.admin.post("/accounts", {"balance": "10000", "publicKey": public})
    return credentials_of(
        opened["apiKey"], key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    )


@pytest.fixture
def public(paper_server: PaperServer) -> PublicApi:
    return public_api("paper")


@pytest.fixture
def account(credentials: Credentials) -> AccountApi:
    return account_api("paper", credentials)


@pytest.fixture
def connection(credentials: Credentials) -> Iterator[TradingConnection]:
    connection = trading_connection("paper", credentials)
    yield connection
    connection.close()


@pytest.fixture
def stream(credentials: Credentials) -> Iterator[UserStream]:
    stream = user_stream("paper", credentials.api_key.reveal())
    yield stream
    stream.close()


@pytest.fixture
def trader(paper_server: PaperServer, connection: TradingConnection) -> Trader:
    paper_server.move("BTCUSDT", "50000")
    return Trader(connection)


@pytest.fixture
def fault(paper_server: PaperServer) -> Iterator[Callable[..., None]]:
    """Injects a fault; normal service is restored after the test."""
    yield paper_server.inject
    paper_server.restore_service()


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves this process's steady clock forward by so many seconds; the venue's stands where it stood."""
    passed = 0.0
    real = clock.monotonic
    monkeypatch.setattr(clock, "monotonic", lambda: real() + passed)

    def forward(seconds: float) -> None:
        nonlocal passed
        passed += seconds

    return forward
