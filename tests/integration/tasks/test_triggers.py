"""What the market process rings for: as the rows say, once they have been read, whatever is away then."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from core import clock
from core.db import Session
from core.domain.lifecycle import StrategyStatus
from core.errors import DatabaseUnavailable
from core.exchange.base import MarkPrice
from core.models import Event, GridCell, GridStrategy
from core.strategies.stops import judge_cells, note_oddities
from tasks import market
from tasks.market import VenueWatch
from tests.support.environment import forget_settings
from tests.support.grids import PARAMETERS, running_grid, strategy_row
from tests.support.servers import RedisServer

D = Decimal
GUARDED = replace(PARAMETERS, stop_loss=D(90000), take_profit=D(110000))


class Bell:
    """What has been rung, and the time, which only moves when told."""

    def __init__(self) -> None:
        self.rung: list[tuple[Any, ...]] = []
        self.seconds = 0.0
        self.is_away = False

    def ring(self, *what: Any) -> bool:
        if not self.is_away:
            self.rung.append(what)
        return not self.is_away

    def taken(self) -> list[tuple[Any, ...]]:
        rung, self.rung = self.rung, []
        return rung


@pytest.fixture
def bell(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bell]:
    one = Bell()
    monkeypatch.setattr(market, "ring", one.ring)
    monkeypatch.setattr(clock, "monotonic", lambda: one.seconds)
    return one


def watching() -> VenueWatch:
    watch = VenueWatch("paper")
    watch.active = True
    return watch


def take(watch: VenueWatch, *prices: int) -> None:
    watch.take([MarkPrice("BTCUSDT", D(price), D(price), D(0), 0, 0) for price in prices])


def test_a_stop_is_rung_for_until_the_strategy_stops(database_url: str, bell: Bell) -> None:
    number, watch = running_grid(parameters=GUARDED), watching()
    watch.load()
    take(watch, 90001)
    assert bell.taken() == []
    take(watch, 91000, 90000, 91000)  # a wick within one message
    assert bell.taken() == [("tasks.strategies.stop", number, "STOP_LOSS", "90000")]
    take(watch, 91000)
    assert bell.taken() == []
    bell.seconds += market.RING_AGAIN_AFTER  # nothing has come of it: the message may be lost
    take(watch, 91000)
    assert bell.taken() == [("tasks.strategies.stop", number, "STOP_LOSS", "90000")]
    with Session.begin() as session:
        session.get_one(GridStrategy, number).status = StrategyStatus.STOPPING
    watch.load()
    bell.seconds += 9
    take(watch, 89000)
    assert bell.taken() == []


def test_a_wick_while_the_broker_was_away_is_rung_for_when_it_is_back(database_url: str, bell: Bell) -> None:
    number, watch = running_grid(parameters=GUARDED), watching()
    watch.load()
    bell.is_away = True
    take(watch, 110000)
    take(watch, 100000)
    bell.is_away = False
    take(watch, 100000)
    assert bell.taken() == [("tasks.strategies.stop", number, "TAKE_PROFIT", "110000")]


def test_triggers_stay_armed_while_the_database_is_away(
    database_url: str, bell: Bell, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, watch = running_grid(parameters=GUARDED), watching()
    watch.load()
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://127.0.0.1:1/none")
    forget_settings()
    with pytest.raises(DatabaseUnavailable):
        watch.load()
    take(watch, 90000)
    assert bell.taken() == [("tasks.strategies.stop", number, "STOP_LOSS", "90000")]


def test_a_moved_stop_counts_from_the_next_load(database_url: str, bell: Bell) -> None:
    number, watch = running_grid(parameters=GUARDED), watching()
    watch.load()
    with Session.begin() as session:
        session.get_one(GridStrategy, number).stop_loss = D(80000)
    watch.load()
    take(watch, 85000)
    assert bell.taken() == []
    take(watch, 80000)
    assert bell.taken() == [("tasks.strategies.stop", number, "STOP_LOSS", "80000")]


def test_a_change_that_nobody_noted_is_found_by_the_pass_through_all(database_url: str, bell: Bell) -> None:
    number, watch = running_grid(parameters=GUARDED), watching()
    watch.load()
    with Session.begin() as session:
        strategy = session.get_one(GridStrategy, number)
        strategy.stop_loss, strategy.rearmed_at = None, None
    watch.load()
    take(watch, 80000)
    assert bell.taken() == []


def test_a_fill_does_not_make_the_triggers_be_read_again(database_url: str, bell: Bell) -> None:
    number = running_grid(parameters=GUARDED)
    with Session.begin() as session:
        session.get_one(GridStrategy, number).rearmed_at = None
    with Session.begin() as session:
        session.get_one(GridStrategy, number).position = D(1)
    assert strategy_row(number).rearmed_at is None


@pytest.mark.parametrize(("above", "reached", "short_of"), [(True, 99000, 99001), (False, 99000, 98999)])
def test_a_waiting_strategy_is_rung_for_when_the_mark_comes_from_its_side(
    above: bool, reached: int, short_of: int, database_url: str, bell: Bell
) -> None:
    number, watch = running_grid(parameters=replace(PARAMETERS, trigger_price=D(99000))), watching()
    with Session.begin() as session:
        strategy = session.get_one(GridStrategy, number)
        strategy.status, strategy.waited_above = StrategyStatus.WAITING, None
    watch.load()
    take(watch, short_of)
    assert bell.taken() == [("tasks.strategies.start", number, str(short_of))]  # the first mark is news
    with Session.begin() as session:
        session.get_one(GridStrategy, number).waited_above = above
    watch.load()
    take(watch, short_of)
    assert bell.taken() == []
    take(watch, reached)
    assert bell.taken() == [("tasks.strategies.start", number, str(reached))]


def test_a_cell_that_has_lost_its_limit_pauses_the_strategy(database_url: str, bell: Bell) -> None:
    """Cell 4 lies between 99,000 and 100,000 and holds what it bought at 98,950."""
    number, watch = running_grid(parameters=replace(PARAMETERS, cell_loss_limit=D(50))), watching()
    with Session.begin() as session:
        cell = session.scalars(select(GridCell).where(GridCell.cell_index == 4)).one()
        cell.held = cell.cost_quantity = quantity = cell.quantity
        cell.held_cost = quantity * 98950
    watch.load()
    at_its_line = D(99000) - D(50) / quantity
    take(watch, int(at_its_line) + 1)
    assert bell.taken() == []
    take(watch, int(at_its_line))
    ((task, rung_for, mark),) = bell.taken()
    assert (task, rung_for) == ("tasks.strategies.pause", number)
    judge(number, D(mark))
    assert strategy_row(number).status == StrategyStatus.RUNNING  # it bought below its line
    bell.seconds += market.RING_AGAIN_AFTER
    take(watch, int(at_its_line) - 50)
    ((_, _, mark),) = bell.taken()
    judge(number, D(mark))
    judge(number, D(mark))
    assert strategy_row(number).status == StrategyStatus.PAUSED
    with Session.reading() as session:
        assert session.scalars(select(Event.data).where(Event.code == "cell_loss_limit")).one()["cell_index"] == 4


def test_a_cell_that_may_lose_is_not_rung_for_once_the_mark_is_back(database_url: str, bell: Bell) -> None:
    _, watch = running_grid(parameters=replace(PARAMETERS, cell_loss_limit=D(50))), watching()
    watch.load()
    bell.is_away = True
    take(watch, 95000)
    bell.is_away = False
    take(watch, 100000)
    assert bell.taken() == []


def judge(strategy_id: int, mark: Decimal) -> None:
    with Session.begin() as session:
        judge_cells(session, strategy_id, mark)


def test_an_odd_mark_reaches_nothing_and_a_jump_that_stays_reaches_what_it_passed(
    database_url: str, bell: Bell
) -> None:
    number, watch = running_grid(parameters=GUARDED), watching()
    watch.load()
    take(watch, 100000)
    take(watch, 89000)
    ((task, exchange, news),) = bell.taken()
    assert (task, exchange, *news) == ("tasks.upkeep.note_markets", "paper", "BTCUSDT")
    tell_of_markets(news)
    take(watch, 89000)
    take(watch, 88000)
    assert bell.taken() == []
    take(watch, 88000)
    assert bell.taken() == [
        ("tasks.upkeep.note_markets", "paper", {"BTCUSDT": ""}),
        ("tasks.strategies.stop", number, "STOP_LOSS", "88000"),
    ]
    tell_of_markets({"BTCUSDT": ""})
    with Session.reading() as session:
        assert session.scalars(select(Event.code).order_by(Event.id)).all() == ["market_odd", "market_calm"]


def test_who_begins_anew_believes_no_jump_from_the_mark_that_was_published_last(
    database_url: str, redis_server: RedisServer, bell: Bell
) -> None:
    running_grid(parameters=GUARDED)
    take(watching(), 100000)
    anew = watching()
    anew.load()
    take(anew, 89000)
    assert [task for task, *_ in bell.taken()] == ["tasks.upkeep.note_markets"]


def test_marks_that_stop_are_told_of_once_and_again_when_they_come_back(database_url: str, bell: Bell) -> None:
    watch = watching()
    take(watch, 100000)
    bell.seconds += 10
    take(watch)
    take(watch)
    assert [news for _, _, news in bell.taken()] == [{"BTCUSDT": "no mark price has come for 10 s"}]
    take(watch, 100000)
    assert [news for _, _, news in bell.taken()] == [{"BTCUSDT": ""}]


def tell_of_markets(news: dict[str, str]) -> None:
    with Session.begin() as session:
        note_oddities(session, "paper", news)
