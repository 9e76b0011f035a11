from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.paper.client import Client
from tests.support.servers import PaperServer


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PaperServer]:
    """Its prices move only by hand; BTCUSDT starts at 80,000."""
    server = PaperServer(tmp_path_factory.mktemp("paper"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(venue: PaperServer) -> Iterator[Client]:
    """A fresh account, with the market where it starts and no fault anywhere."""
    venue.restore_service()
    venue.move("BTCUSDT", "80000")
    yield Client(venue)
    venue.restore_service()


@pytest.fixture
def lasting(tmp_path: Path) -> Iterator[PaperServer]:
    """One that keeps its state in a file."""
    server = PaperServer(tmp_path, PAPER_STATE=str(tmp_path / "state"))
    server.start()
    yield server
    server.stop()
