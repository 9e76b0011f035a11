"""An account's margin: warned of, halted by, and ended for; 1 BTC bought at 100,000 with 2,000 USDT behind it."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from core import bus
from core.clock import now_ms
from core.db import Session
from core.domain.lifecycle import FinishReason
from core.exchange.base import Balance
from core.models import Event, ExchangeApi, GridStrategy, Switch
from core.performance import performance
from core.reconciliation.margin import account_margin, note_balances
from core.strategies.margins import judge_all
from tests.support.grids import running_grid, strategy_row

pytestmark = pytest.mark.usefixtures("database_url", "redis_server")

D = Decimal


@pytest.fixture
def grid() -> int:
    number = running_grid()
    with Session.begin() as session:
        strategy = session.get_one(GridStrategy, number)
        strategy.position, strategy.bought_quote = D(1), D(100000)
        note_balances(session, strategy.account_id, [Balance("USDT", D(2000), D(0)), Balance("BNB", D(9), D(9))])
    return number


def mark_at(price: str) -> None:
    bus.publish_marks("paper", {"BTCUSDT": {"mark_price": price}})
    judge_all()


def events(code: str) -> list[Event]:
    with Session.reading() as session:
        return list(session.scalars(select(Event).where(Event.code == code)))


def is_halted() -> bool:
    with Session.reading() as session:
        return session.get(Switch, "margin:1") is not None


def test_ratio_and_liquidation_price_follow_the_mark_and_what_was_earned_since(grid: int) -> None:
    bus.publish_marks("paper", {"BTCUSDT": {"mark_price": "99000"}})
    with Session.begin() as session:
        session.get_one(GridStrategy, grid).funding = D(100)
    with Session.reading() as session:
        margin = account_margin(session, session.scalars(select(ExchangeApi)).one())
    assert margin is not None
    assert margin.wallet == 2100
    assert margin.ratio == D(396) / D(1100)
    price = margin.liquidations["BTCUSDT"]
    assert price is not None
    assert abs(price - D(97900) / D("0.996")) < D("1e-9")


def test_a_strategys_performance_shows_the_accounts_margin(grid: int) -> None:
    bus.publish_marks("paper", {"BTCUSDT": {"mark_price": "99000", "at": now_ms()}})
    found = performance(strategy_row(grid))
    assert found.margin_ratio == D(396) / D(1000)
    assert found.liquidation_price == (D(98000) / D("0.996")).quantize(D("0.1"))


def test_each_distance_from_liquidation_is_warned_of_once(grid: int) -> None:
    mark_at("104000")
    mark_at("104000")
    assert [event.data["distance_pct"] for event in events("liquidation_near")] == ["10"]
    mark_at("99000")
    mark_at("105000")
    mark_at("99000")
    assert [event.data["distance_pct"] for event in events("liquidation_near")] == ["10", "5", "5"]


def test_past_the_limit_nothing_new_is_opened_until_it_is_well_below(grid: int) -> None:
    mark_at("99000")
    assert not is_halted()
    mark_at("98500")
    assert is_halted()
    assert "margin ratio" in strategy_row(grid).halted
    mark_at("98540")  # below the limit, but not well below
    assert is_halted()
    mark_at("99000")
    assert not is_halted()
    assert strategy_row(grid).halted == ""


def test_an_exhausted_margin_ends_the_strategy_before_the_venue_does(grid: int) -> None:
    mark_at("98420")
    assert strategy_row(grid).must_end == FinishReason.MARGIN


def test_while_the_wallet_or_a_mark_is_unknown_nothing_is_judged(grid: int) -> None:
    judge_all()
    with Session.begin() as session:
        session.scalars(select(ExchangeApi)).one().other_wealth = None
    mark_at("1")
    assert strategy_row(grid).must_end is None
