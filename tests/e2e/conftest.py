"""A user for each test; the grids that it leaves running end with it, so that no later test has to carry them."""

from collections.abc import Iterator

import pytest

from tests.e2e.test_flows import SYMBOL
from tests.support.stack import Stack, User


@pytest.fixture
def balance() -> int:
    """USDT in the user's paper account."""
    return 10_000


@pytest.fixture
def user(stack: Stack, balance: int) -> Iterator[User]:
    stack.venue.restore_service()
    stack.venue.move(SYMBOL, "2500")
    user = stack.new_user(balance)
    yield user
    stack.venue.restore_service()
    user.api.post("/grid/stop-all/paper")
