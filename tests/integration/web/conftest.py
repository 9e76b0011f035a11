"""The application against real databases, a real Redis and the simulated exchange."""

from typing import Any

import pytest
from flask import Flask

from tests.support.application import application
from tests.support.servers import PaperServer, RedisServer
from tests.unit.web.people import Person, somebody


@pytest.fixture
def app(database_url: str, paper_server: PaperServer, redis_server: RedisServer) -> Flask:
    return application()


@pytest.fixture
def anna(app: Flask) -> Person:
    """Has a paper account with 10,000 USDT."""
    person = somebody(app)
    assert person.post("/exchange-keys", {"exchange": "paper"}).status_code == 201
    return person


@pytest.fixture
def grid(paper_server: PaperServer) -> dict[str, Any]:
    """A request that passes the guards, around the price of 80000 at which the market stands."""
    paper_server.move("BTCUSDT", "80000")
    return {
        "symbol": "BTCUSDT",
        "grid_type": "ARITHMETIC",
        "lower_price": "76000",
        "upper_price": "84000",
        "grid_number": 10,
        "total_investment": "2000",
        "leverage": 5,
    }
