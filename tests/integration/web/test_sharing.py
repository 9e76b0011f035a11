"""What a grid leaves to others: the account's other grids, and the user's own orders, may come to need theirs."""

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from core.credentials import credentials_of
from core.db import Session
from core.domain.lifecycle import StrategyStatus
from core.domain.order import OrderStatus, Side
from core.exchange import account_api, trading_connection
from core.exchange.base import Outcome
from core.models import ExchangeApi, GridOrder, GridStrategy
from tests.integration.exchange.trader import Trader
from tests.support.grids import change
from tests.unit.web.people import Person, refused

D = Decimal


@pytest.mark.parametrize(
    ("other", "reason"),
    [({"leverage": 4}, "symbol_leverage_differs"), ({"margin_type": "ISOLATED"}, "symbol_margin_type_differs")],
)
def test_two_strategies_on_a_symbol_share_its_settings(
    anna: Person, grid: dict[str, Any], other: dict[str, Any], reason: str
) -> None:
    anna.post("/grid/create/paper", grid)
    change(1, status=StrategyStatus.RUNNING)
    assert refused(anna.post("/grid/create/paper", {**grid, **other})) == (409, reason)
    assert anna.post("/grid/create/paper", grid).status_code == 201
    change(1, status=StrategyStatus.STOPPED)
    assert anna.post("/grid/create/paper", {**grid, **other}).status_code == 201


def test_orders_of_other_strategies_count_against_the_symbols_limit(anna: Person, grid: dict[str, Any]) -> None:
    anna.post("/grid/create/paper", grid)
    with Session.begin() as session:
        strategy = session.get_one(GridStrategy, 1)
        session.add_all(_order(strategy, number) for number in range(195))
    assert refused(anna.post("/grid/create/paper", grid)) == (422, "too_many_orders")
    assert anna.post("/grid/create/paper", {**grid, "grid_number": 5}).status_code == 201
    assert anna.put("/grid/update/paper/1", {"grid_number": 20}, headers={"If-Match": '"1"'}).status_code == 200


def _order(strategy: GridStrategy, number: int) -> GridOrder:
    return GridOrder(
        strategy_id=strategy.id,
        account_id=strategy.account_id,
        generation=1,
        sequence=number,
        exchange="paper",
        symbol="BTCUSDT",
        purpose="OPEN",
        type="LIMIT",
        side=Side.BUY,
        quantity=D(1),
        client_order_id=f"order-{number}",
        status=OrderStatus.PLACED,
    )


def test_cells_that_have_no_order_yet_count_against_the_symbols_limit(anna: Person, grid: dict[str, Any]) -> None:
    grid = {**grid, "leverage": 20}
    number = anna.post("/grid/create/paper", {**grid, "grid_number": 150}).json["id"]  # type: ignore[index]
    change(number, status=StrategyStatus.PAUSED)
    answer = anna.post("/grid/create/paper", {**grid, "grid_number": 51})
    assert refused(answer) == (422, "too_many_orders")
    assert anna.post("/grid/create/paper", {**grid, "grid_number": 50}).status_code == 201


def test_a_grid_is_refused_what_another_may_come_to_need(anna: Person, grid: dict[str, Any]) -> None:
    """It has no orders yet: what the venue says to be available does not know of it."""
    first: Any = anna.post("/grid/create/paper", {**grid, "total_investment": "7000"}).json
    second = {**grid, "total_investment": "3001"}
    assert anna.post("/grid/create/paper", second).status_code == 201
    change(first["id"], status=StrategyStatus.STARTING)
    answer = anna.post("/grid/create/paper", second)
    assert refused(answer) == (422, "insufficient_balance")
    assert "available are 3000" in answer.json["message"]  # type: ignore[index]
    assert anna.post("/grid/create/paper", {**second, "total_investment": "3000"}).status_code == 201


@pytest.fixture
def by_hand(anna: Person) -> Iterator[Trader]:
    """The user's own orders, sent with leverage 20."""
    with Session.reading() as session:
        credentials = credentials_of(session.scalars(select(ExchangeApi)).one())
    for symbol in ("BTCUSDT", "ETHUSDT"):
        account_api("paper", credentials).set_leverage(symbol, 20)
    connection = trading_connection("paper", credentials)
    yield Trader(connection)
    connection.close()


def test_the_users_own_orders_count_against_the_symbols_limit_and_the_balance(
    anna: Person, grid: dict[str, Any], by_hand: Trader
) -> None:
    """0.5 BTC bid at 70,000 take 1,750 USDT at the grid's leverage of 20, and one place of 200; 10 ETH at 2,000 take
    1,000, also where they rest among another grid's."""
    assert by_hand.place(Side.BUY, "70000", quantity="0.5").outcome is Outcome.ACCEPTED
    grid = {**grid, "leverage": 20}
    answer = anna.post("/grid/create/paper", {**grid, "grid_number": 200})
    assert refused(answer) == (422, "too_many_orders")
    assert anna.post("/grid/create/paper", {**grid, "grid_number": 199}).status_code == 201
    number = anna.post("/grid/create/paper", {**grid, "total_investment": "6000"}).json["id"]  # type: ignore[index]
    change(number, status=StrategyStatus.PAUSED, entry_price=D(80000))  # what the venue calls available lacks its own
    assert available(anna, grid) == D(2250)
    ether = replace(by_hand.order(Side.BUY, "2000", quantity="10"), symbol="ETHUSDT")
    assert by_hand.send(ether).outcome is Outcome.ACCEPTED
    assert available(anna, grid) == D(1250)
    change(1, status=StrategyStatus.PAUSED, entry_price=D(2500), symbol="ETHUSDT", total_investment=D(100))
    assert available(anna, grid) == D(1150)


def available(anna: Person, grid: dict[str, Any]) -> Decimal:
    """What a refusal names, USDT."""
    answer: Any = anna.post("/grid/create/paper", {**grid, "total_investment": "9000"})
    assert refused(answer) == (422, "insufficient_balance")
    return D(re.search(r"available are (\d+)", answer.json["message"])[1])
