"""When the supervisor reads who trades and claims their leases."""

import pytest

from tasks.supervisor import Supervisor
from tests.support.grids import running_grid


@pytest.mark.usefixtures("database_url")
def test_an_account_that_begins_to_trade_is_claimed_in_the_next_loop() -> None:
    supervisor = Supervisor()
    assert supervisor.is_to_claim()
    supervisor.claim()
    assert not supervisor.is_to_claim()
    running_grid()
    assert supervisor.is_to_claim()
