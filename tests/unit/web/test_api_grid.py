"""Strategies over HTTP, as far as no venue is needed."""

import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from core.clock import now
from core.db import Session
from core.domain.lifecycle import ACTIVE, DELETABLE, StrategyStatus
from core.models import EquitySnapshot, Event, Fill, GridCell, GridOrder, GridStrategy
from tests.support.grids import running_grid
from tests.unit.web.people import Person

NEW: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "grid_type": "ARITHMETIC",
    "lower_price": "95000",
    "upper_price": "105000",
    "grid_number": 10,
    "total_investment": "10000",
}


@pytest.fixture
def owner(app: Flask) -> Person:
    """Has a strategy that runs, of number 1."""
    strategy_id = running_grid()
    with Session.reading() as session:
        return Person(app, session.get_one(GridStrategy, strategy_id).user_id)


def set_status(status: StrategyStatus) -> None:
    with Session.begin() as session:
        session.execute(update(GridStrategy).values(status=status))


def match(version: int | str) -> dict[str, Any]:
    return {"headers": {"If-Match": f'"{version}"'}}


def without(field: str) -> dict[str, Any]:
    return {name: value for name, value in NEW.items() if name != field}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        *((without(field), field) for field in NEW),
        *(({**NEW, "symbol": value}, "symbol") for value in ("", "BTC USDT", "BTC\x00", "x" * 41, 5, None)),
        *(({**NEW, "grid_type": value}, "grid_type") for value in ("arithmetic", "", 1, None, [])),
        *(({**NEW, "total_investment": value}, "total_investment") for value in (100, 1.5, "NaN", "1e3", "-0", None)),
        *(({**NEW, "leverage": value}, "leverage") for value in ("5", 2.5, True, None)),
        *(({**NEW, "grid_number": value}, "grid_number") for value in ("5", 2.5, False)),
        ({**NEW, "grid_spacing": "100"}, "grid_spacing"),
        ({**NEW, "grid_spacing_pct": "1"}, "grid_number"),
        ({**NEW, "close_position_on_stop": "yes"}, "close_position_on_stop"),
        ({**NEW, "name": "x" * 65}, "name"),
        ({**NEW, "name": "\u202egnp.exe"}, "name"),
        ({**NEW, "status": "RUNNING"}, "status"),
        ({**NEW, "id": 5}, "id"),
        ({**NEW, "user_id": 5}, "user_id"),
        ({**NEW, "realized_pnl": "1000000"}, "realized_pnl"),
        ({**NEW, "grid_type": "CUSTOM"}, "lines"),
        ({**NEW, "grid_type": "CUSTOM", "lines": ["1"] * 202}, "lines"),
        ({**NEW, "grid_type": "CUSTOM", "lines": ["1", "2", "3"]}, "upper_price"),
    ],
)
def test_bad_input_is_refused_before_anybody_is_asked(owner: Person, body: dict[str, Any], field: str) -> None:
    for path in ("create", "preview"):
        answer = owner.post(f"/grid/{path}/paper", body)
        assert answer.status_code == 422, answer.text
        assert field in (answer.json or {})["errors"]["json"]


def test_a_whole_number_may_be_written_with_a_point(owner: Person) -> None:
    answer = owner.post("/grid/preview/paper", {**NEW, "leverage": 2.0})
    assert answer.status_code == 503, "it was taken, and then the venue was asked"


def test_a_strategy_shows_how_whole_it_is(owner: Person) -> None:
    shown: Any = owner.get("/grid/detail/paper/1").json
    assert (shown["live_levels"], shown["intended_levels"], shown["level_gaps"]) == (10, 10, [])
    assert shown["protection"] == []
    assert shown["connection"]["listener"] == "DOWN"
    assert shown["pnl"]["total_pnl"] == "0"


def test_a_list_shows_strategies_as_their_detail_does(owner: Person) -> None:
    listed: Any = owner.get("/grid/list/paper").json
    shown: Any = owner.get("/grid/detail/paper/1").json
    assert listed == [{name: value for name, value in shown.items() if name not in ("pnl", "connection", "liquidity")}]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=RUNNING", 1),
        ("status=STOPPED", 0),
        ("symbol=BTCUSDT", 1),
        ("symbol=ETHUSDT&status=RUNNING", 0),
        ("page=2", 0),
        ("page=999999999", 0),
        ("sort=-updated_at", 1),
    ],
)
def test_lists_are_filtered_and_paged(owner: Person, query: str, found: int) -> None:
    answer = owner.get(f"/grid/list/paper?{query}")
    assert (answer.status_code, len(answer.json or [])) == (200, found)


@pytest.mark.parametrize(
    "query", ["status=running", "status=RUNNING,STOPPED", "sort=password", "sort=id;drop", "symbol=%00"]
)
def test_odd_filters_are_refused(owner: Person, query: str) -> None:
    assert owner.get(f"/grid/list/paper?{query}").status_code == 422


def test_orders_are_listed_oldest_first_and_filtered(owner: Person) -> None:
    answer = owner.get("/grid/orders/paper/1?page_size=100")
    orders: Any = answer.json
    assert [order["id"] for order in orders] == sorted(order["id"] for order in orders)
    assert {order["status"] for order in orders} == {"PLACED"}
    assert all(order["average_price"] is None and order["filled_quantity"] == "0" for order in orders)
    buys: Any = owner.get("/grid/orders/paper/1?side=BUY&page_size=100").json
    assert {order["side"] for order in buys} == {"BUY"}
    assert owner.get("/grid/orders/paper/1?status=FILLED").json == []


def test_a_page_of_orders_tells_where_it_stands(owner: Person) -> None:
    answer = owner.get("/grid/orders/paper/1?page=2&page_size=4")
    assert len(answer.json or []) == 4
    place = json.loads(answer.headers["X-Pagination"])
    assert (place["total"], place["total_pages"], place["page"]) == (10, 3, 2)
    assert (place["previous_page"], place["next_page"]) == (1, 3)


def test_the_etag_is_the_version(owner: Person) -> None:
    assert owner.get("/grid/detail/paper/1").headers["ETag"] == '"1"'
    renamed = owner.put("/grid/update/paper/1", {"name": "new"}, **match(1))
    assert (renamed.status_code, renamed.headers["ETag"]) == (200, '"2"')
    assert (renamed.json or {})["name"] == "new"
    assert owner.get("/grid/detail/paper/1").headers["ETag"] == '"2"'


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 428),
        ({"If-Match": '"7"'}, 412),
        ({"If-Match": 'W/"1"'}, 412),
        ({"If-Match": "1"}, 200),
        ({"If-Match": "*"}, 200),
    ],
)
def test_a_change_needs_the_version_that_was_seen(owner: Person, headers: dict[str, str], status: int) -> None:
    set_status(StrategyStatus.STOPPED)
    assert owner.put("/grid/update/paper/1", {"name": "new"}, headers=headers).status_code == status
    if status in (412, 428):
        assert owner.delete("/grid/delete/paper/1", headers=headers).status_code == status


@pytest.mark.parametrize("status", [StrategyStatus.STARTING, StrategyStatus.STOPPING])
def test_on_its_way_to_another_status_a_grid_can_t_be_changed(owner: Person, status: StrategyStatus) -> None:
    set_status(status)
    for url in ("/grid/update/paper/1", "/grid/update/paper/1?dry_run=true"):
        answer = owner.put(url, {"name": "x", "leverage": 3}, **match(1))
        assert (answer.status_code, (answer.json or {})["reason"]) == (409, "bad_state")
        assert status in (answer.json or {})["message"]


@pytest.mark.parametrize("status", sorted(ACTIVE))
def test_what_no_plan_depends_on_can_be_changed_at_any_time(owner: Person, status: StrategyStatus) -> None:
    set_status(status)
    answer = owner.put("/grid/update/paper/1", {"name": "new", "close_position_on_stop": True}, **match(1))
    assert answer.status_code == 200


def test_a_change_of_a_running_grid_asks_the_venue(owner: Person) -> None:
    for path in ("/grid/update/paper/1", "/grid/update/paper/1?dry_run=true"):
        assert owner.put(path, {"leverage": 3}, **match(1)).status_code == 503


@pytest.mark.parametrize(
    ("field", "value"), [("symbol", "ETHUSDT"), ("strategy_type", "BULLISH"), ("trigger_price", "9")]
)
def test_what_a_running_grid_can_t_become_names_the_field(owner: Person, field: str, value: str) -> None:
    answer = owner.put("/grid/update/paper/1", {field: value}, **match(1))
    assert (answer.status_code, (answer.json or {})["reason"]) == (422, "fixed_while_running")
    assert field in (answer.json or {})["errors"]["json"]


def test_an_ended_strategy_takes_new_options_without_the_venue(owner: Person) -> None:
    set_status(StrategyStatus.STOPPED)
    answer = owner.put("/grid/update/paper/1", {"close_position_on_stop": True, "adaptive": True}, **match(1))
    assert answer.status_code == 200
    assert (answer.json or {})["close_position_on_stop"] is True


def test_a_strategy_that_has_run_keeps_its_symbol(owner: Person) -> None:
    set_status(StrategyStatus.STOPPED)
    answer = owner.put("/grid/update/paper/1", {"symbol": "ETHUSDT"}, **match(1))
    assert (answer.status_code, (answer.json or {})["reason"]) == (409, "symbol_is_fixed")


@pytest.mark.parametrize("status", sorted(StrategyStatus))
def test_only_what_does_not_run_is_deleted(owner: Person, status: StrategyStatus) -> None:
    set_status(status)
    answer = owner.delete("/grid/delete/paper/1", **match(1))
    assert answer.status_code == (204 if status in DELETABLE else 409)
    assert owner.get("/grid/detail/paper/1").status_code == (404 if status in DELETABLE else 200)


def test_a_deleted_strategys_trades_stay_in_the_accounts_books(owner: Person) -> None:
    with Session.begin() as session:
        session.add(_fill(session.get_one(GridStrategy, 1)))
        session.add(Event(user_id=owner.user_id, strategy_id=1, level="INFO", code="x", message="x"))
    set_status(StrategyStatus.STOPPED)
    assert owner.delete("/grid/delete/paper/1", **match(1)).status_code == 204
    with Session.reading() as session:
        assert session.scalars(select(Fill.strategy_id)).all() == [None]
        for table in (GridStrategy, GridOrder, GridCell, EquitySnapshot):
            assert session.execute(select(func.count()).select_from(table)).scalar_one() == 0


def _fill(strategy: GridStrategy) -> Fill:
    return Fill(
        account_id=strategy.account_id,
        strategy_id=strategy.id,
        grid_order_id=1,
        exchange="paper",
        symbol="BTCUSDT",
        order_id="1",
        trade_id="1",
        side="BUY",
        price=strategy.lower_price,
        quantity=strategy.lower_price,
        fee=strategy.lower_price,
        fee_asset="USDT",
        realized_pnl=strategy.lower_price,
        is_maker=True,
        traded_at=now(),
    )


def test_fills_are_shown_with_the_venues_ids_as_strings(owner: Person) -> None:
    with Session.begin() as session:
        session.add(_fill(session.get_one(GridStrategy, 1)))
    fill: Any = (owner.get("/grid/fills/paper/1").json or [])[0]
    assert (fill["order_id"], fill["trade_id"], fill["cell_index"], fill["is_maker"]) == ("1", "1", None, True)


@pytest.mark.parametrize(
    ("path", "status", "becomes"),
    [
        ("stop", StrategyStatus.RUNNING, "STOPPING"),
        ("pause", StrategyStatus.RUNNING, "PAUSED"),
        ("resume", StrategyStatus.PAUSED, "RUNNING"),
        ("start", StrategyStatus.STOPPED, "STARTING"),
        ("start", StrategyStatus.FAILED, "STARTING"),
        ("reset", StrategyStatus.RUNNING, "STOPPING"),
        ("reset", StrategyStatus.FINISHED, "STARTING"),
    ],
)
def test_operations_are_accepted_while_the_broker_is_away(
    owner: Person, path: str, status: StrategyStatus, becomes: str
) -> None:
    set_status(status)
    answer = owner.post(f"/grid/{path}/paper/1")
    told: Any = answer.json
    assert answer.status_code == 202
    assert (told["grid_id"], told["status"]) == (1, becomes)
    assert answer.headers["Location"] == f"/api/v1/tasks/{told['task_id']}"
    task: Any = owner.get(f"/tasks/{told['task_id']}").json
    assert (task["kind"], task["state"]) == (path, "PENDING")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("start", StrategyStatus.RUNNING),
        ("start", StrategyStatus.FINISHED),
        ("stop", StrategyStatus.STOPPED),
        ("pause", StrategyStatus.PAUSED),
        ("resume", StrategyStatus.RUNNING),
        ("reset", StrategyStatus.STOPPING),
    ],
)
def test_an_operation_in_the_wrong_state_names_the_state(owner: Person, path: str, status: StrategyStatus) -> None:
    set_status(status)
    answer = owner.post(f"/grid/{path}/paper/1")
    assert (answer.status_code, (answer.json or {})["reason"]) == (409, "bad_state")
    assert status in (answer.json or {})["message"]


@pytest.mark.parametrize(
    ("path", "body"), [("start", {"x": 1}), ("stop", {"close_position": "yes"}), ("pause", {"x": 1})]
)
def test_operations_refuse_what_they_do_not_know(owner: Person, path: str, body: dict[str, Any]) -> None:
    assert owner.post(f"/grid/{path}/paper/1", body).status_code == 422


def test_stop_all_stops_what_runs(owner: Person) -> None:
    answer = owner.post("/grid/stop-all/paper", {"close_position": True})
    assert answer.status_code == 202
    assert (answer.json or {})["grid_ids"] == [1]
    assert (owner.get("/grid/detail/paper/1").json or {})["status"] == "STOPPING"


def test_nothing_starts_with_a_key_that_is_gone(owner: Person) -> None:
    set_status(StrategyStatus.STOPPED)
    assert owner.delete("/exchange-keys/1").status_code == 204
    for path in ("start", "reset"):
        answer = owner.post(f"/grid/{path}/paper/1")
        assert (answer.status_code, (answer.json or {})["reason"]) == (409, "no_exchange_key")
