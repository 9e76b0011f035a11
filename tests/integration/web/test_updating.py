"""Changing a grid that runs: the plan that is answered, what it refuses, and what reaches the venue."""

from decimal import Decimal
from typing import Any

import pytest

from core.credentials import credentials_of
from core.db import Session
from core.domain.lifecycle import StrategyStatus
from core.domain.order import OrderStatus
from core.exchange import account_api
from core.models import ExchangeApi, GridOrder, GridStrategy
from core.strategies.progress import advance
from core.strategies.starting import make_plan
from tests.support.grids import strategy_row
from tests.unit.web.people import Person

D = Decimal
URL = "/grid/update/paper/1"


def match(version: int) -> dict[str, Any]:
    return {"headers": {"If-Match": f'"{version}"'}}


def set_orders(status: OrderStatus) -> None:
    with Session.begin() as session:
        for order in session.query(GridOrder):
            order.status, order.cancel_wanted = status, False


@pytest.fixture
def running(anna: Person, grid: dict[str, Any]) -> dict[str, Any]:
    """Anna's grid, whose orders the rows believe placed; its parameters."""
    anna.post("/grid/create/paper", grid)
    anna.post("/grid/start/paper/1")
    make_plan(1)
    set_orders(OrderStatus.PLACED)
    with Session.begin() as session:
        session.get_one(GridStrategy, 1).status = StrategyStatus.RUNNING
    return grid


MOVED = {"lower_price": "76800", "upper_price": "84800"}  # by one cell of ten


def test_a_dry_run_tells_what_would_be_done_and_does_nothing(anna: Person, running: dict[str, Any]) -> None:
    answer = anna.put(f"{URL}?dry_run=true", MOVED, **match(1))
    plan: Any = answer.json
    assert (answer.status_code, plan["task_id"]) == (200, None)
    assert len(plan["kept"]) + len(plan["cancelled"]) == 10
    assert len(plan["cancelled"]) == len(plan["new"])
    assert D(76000) in {D(order["price"]) for order in plan["cancelled"]}
    assert D(84800) in {D(order["price"]) for order in plan["new"]}
    assert all(order["client_order_id"] for order in plan["kept"])
    assert (D(plan["before"]["lower_price"]), D(plan["after"]["lower_price"])) == (76000, 76800)
    assert D(plan["before"]["margin"]) == D(plan["after"]["margin"]) == 2000
    assert D(plan["after"]["maximum_loss"]) > 0
    assert (plan["inventory_side"], D(plan["inventory_quantity"]), D(plan["fees"])) == (None, 0, 0)
    row = strategy_row(1)
    assert (row.version, row.change, str(row.lower_price)) == (1, None, "76000")


def test_the_plan_is_accepted_once(anna: Person, running: dict[str, Any]) -> None:
    answer = anna.put(URL, {**MOVED, "name": "moved"}, **match(1))
    plan: Any = answer.json
    assert (answer.status_code, answer.headers["ETag"], plan["status"]) == (202, '"2"', "RUNNING")
    task: Any = anna.get(f"/tasks/{plan['task_id']}").json
    assert (task["kind"], task["state"]) == ("update", "PENDING")
    assert answer.headers["Location"] == f"/api/v1/tasks/{plan['task_id']}"
    assert anna.put(URL, {"total_investment": "3000"}, **match(1)).status_code == 412
    second = anna.put(URL, {"total_investment": "3000"}, **match(2))
    assert (second.status_code, (second.json or {})["reason"]) == (409, "change_under_way")
    assert strategy_row(1).name == "moved"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"total_investment": "1"}, "total_investment"),
        ({"leverage": 1000}, "leverage"),
        ({"grid_number": 500}, "grid_number"),
        ({"stop_loss": "81000"}, "stop_loss"),
        ({"trailing_up": "84100"}, "trailing_up"),
        ({"total_investment": "12000"}, "total_investment"),
        ({"strategy_type": "BULLISH"}, "strategy_type"),
    ],
)
def test_a_change_that_can_t_be_names_the_field(
    anna: Person, running: dict[str, Any], change: dict[str, Any], field: str
) -> None:
    for url in (URL, f"{URL}?dry_run=true"):
        answer = anna.put(url, change, **match(1))
        assert answer.status_code == 422
        assert list((answer.json or {})["errors"]["json"]) == [field]


def test_a_new_leverage_reaches_the_venue_before_the_new_orders(anna: Person, running: dict[str, Any]) -> None:
    anna.put(URL, {"leverage": 10}, **match(1))
    advance(1)
    set_orders(OrderStatus.CANCELED)
    for _ in range(3):
        advance(1)
    with Session.reading() as session:
        account = session.get_one(ExchangeApi, strategy_row(1).account_id)
    assert account_api("paper", credentials_of(account)).symbol_setting("BTCUSDT").leverage == 10
    assert strategy_row(1).leverage == 10


def test_a_leverage_that_the_venue_refuses_leaves_the_grid_as_it_was(anna: Person, running: dict[str, Any]) -> None:
    plan: Any = anna.put(URL, {"leverage": 10}, **match(1)).json
    advance(1)
    set_orders(OrderStatus.CANCELED)
    with Session.begin() as session:  # what the guards would have refused
        row = session.get_one(GridStrategy, 1)
        assert row.change is not None
        row.change = {**row.change, "parameters": {**row.change["parameters"], "leverage": 1000}}
    for _ in range(3):
        advance(1)
    task: Any = anna.get(f"/tasks/{plan['task_id']}").json
    assert task["state"] == "FAILURE"
    assert "leverage" in task["error"].lower()
    assert (strategy_row(1).leverage, strategy_row(1).change) == (5, None)


def test_one_that_waits_for_its_trigger_is_changed_at_once(anna: Person, grid: dict[str, Any]) -> None:
    anna.post("/grid/create/paper", {**grid, "trigger_price": "70000"})
    anna.post("/grid/start/paper/1")
    plan: Any = anna.put(f"{URL}?dry_run=true", {"grid_number": 8}, **match(1)).json
    assert (len(plan["new"]), plan["before"], plan["kept"]) == (8, None, [])
    answer = anna.put(URL, {"grid_number": 8, "trigger_price": "71000"}, **match(1))
    assert (answer.status_code, (answer.json or {})["status"]) == (200, "WAITING")
    assert "71000" in (answer.json or {})["waiting_for"]
