"""What the strategies of one account count for each other: all the money and the orders that they may come to need."""

from decimal import Decimal

import pytest

from core.db import Session
from core.domain.lifecycle import StrategyStatus
from core.models import GridStrategy
from core.strategies.capital import committed, orders_of_others
from tests.support.grids import change, running_grid

pytestmark = pytest.mark.usefixtures("database_url")

D = Decimal


@pytest.fixture
def pair() -> tuple[int, int]:
    """Two strategies of one account on one symbol, each with 10,000 USDT and ten cells; the second has no plan yet."""
    first = running_grid()
    with Session.begin() as session:
        one = session.get_one(GridStrategy, first)
        row = {column.key: getattr(one, column.key) for column in GridStrategy.__table__.columns if column.key != "id"}
        other = GridStrategy(**row | {"status": StrategyStatus.STARTING, "entry_price": None})
        session.add(other)
        session.flush()
        return first, other.id


def needs(strategy_id: int | None) -> tuple[Decimal, int]:
    """What all the others need: USDT, and orders."""
    with Session.reading() as session:
        return committed(session, 1, strategy_id), orders_of_others(session, 1, "BTCUSDT", strategy_id)


def test_of_two_that_start_at_once_the_first_is_not_in_the_seconds_way(pair: tuple[int, int]) -> None:
    first, second = pair
    assert needs(second) == (D(10000), 10)
    assert needs(first) == (D(0), 0)
    change(first, entry_price=None)
    assert (needs(first), needs(second)) == ((D(0), 0), (D(10000), 10))
    change(first, entry_price=D(1))
    change(second, entry_price=D(1))
    assert (needs(first), needs(second)) == ((D(10000), 10), (D(10000), 10))


def test_a_new_one_counts_whatever_is_active(pair: tuple[int, int]) -> None:
    assert needs(None) == (D(20000), 20)
    change(pair[0], status=StrategyStatus.PAUSED)
    change(pair[1], status=StrategyStatus.CREATED)
    assert needs(None) == (D(10000), 10)


def test_an_ended_one_counts_with_what_it_still_holds_and_has_live(pair: tuple[int, int]) -> None:
    first, second = pair
    change(first, status=StrategyStatus.STOPPED, position=D("-0.1"), sold_quote=D(10000))
    assert needs(second) == (
        D(5000),
        10,
    )  # 0.1 BTC at 100,000 with leverage 2; its orders rest as the fixture left them
    assert needs(first) == (D(0), 0)
