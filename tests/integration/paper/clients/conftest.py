from collections.abc import Iterator

import pytest

from tests.integration.paper.clients.keys import Keys, hmac_keys
from tests.integration.paper.clients.sdk import Sdk, sdk_complaints, sdk_of
from tests.support.servers import PaperServer


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PaperServer]:
    """A server for each module: together they would ask for more than the venue allows an address in a minute."""
    server = PaperServer(tmp_path_factory.mktemp("paper"), PAPER_WEIGHT_LIMIT="2400")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def keys(venue: PaperServer) -> Keys:
    return hmac_keys(venue)


@pytest.fixture
def sdk(venue: PaperServer, keys: Keys) -> Sdk:
    return sdk_of(venue, keys)


@pytest.fixture(autouse=True)
def _no_proxy_stands_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """These clients read the machine's proxy settings."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(autouse=True)
def _every_answer_fits_the_sdks_models(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert sdk_complaints(caplog) == []
