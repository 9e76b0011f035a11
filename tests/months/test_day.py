"""A recorded day, the liveliest of its month, as `python -m tests.months` replays a whole one."""

from decimal import Decimal

import pytest

from tests.months import market
from tests.months.replay import Month
from tests.support.stack import Stack, on_sqlite

EIGHTH_OF_MAY = 3 * 1440 + 507  # candles after the recording's first


# What is booked of a day does not depend on the database: the storms are on the other one.
@on_sqlite
@pytest.mark.timeout(300)
def test_the_books_of_a_recorded_day_balance_to_the_last_digit(stack: Stack) -> None:
    if not market.CANDLES.exists():
        pytest.skip("the recorded market data is not on this machine")
    month = Month(stack, market.read(market.CANDLES, market.FUNDING, EIGHTH_OF_MAY, 1440))
    for _ in month.run():
        pass
    month.end()
    assert month.untrue() == []
    outcomes = month.outcomes()
    assert all(one.fills for one in outcomes)
    assert any(Decimal(one.totals["funding"]) for one in outcomes)
    assert all(one.updates == 2 for one in outcomes if one.kind == "updated")
    assert any(one.ends for one in outcomes if one.kind == "stops")
    assert any(one.steps for one in outcomes if one.kind == "trailing")
