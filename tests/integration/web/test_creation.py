"""Creating, previewing and changing strategies with live rules, prices and balances."""

from decimal import Decimal
from typing import Any

import httpx
import pytest
from flask import Flask
from sqlalchemy import func, select

from core.clock import sleep
from core.config import settings
from core.db import Session
from core.domain.lifecycle import StrategyStatus
from core.domain.lines import grid_lines
from core.models import GridCell, GridOrder, GridStrategy, Operation
from core.strategies.parameters import parameters_of
from core.strategies.starting import make_plan
from core.strategies.verdict import JUST_READ
from core.symbols import rules_of
from tests.support.grids import change, strategy_row
from tests.support.servers import PaperServer
from tests.unit.web.people import Person, refused, somebody

D = Decimal


def count(table: Any) -> int:
    with Session.reading() as session:
        return session.execute(select(func.count()).select_from(table)).scalar_one()


def test_a_created_strategy_has_its_parameters_and_defaults(anna: Person, grid: dict[str, Any]) -> None:
    answer = anna.post("/grid/create/paper", {**grid, "name": "first", "stop_loss": "70000"})
    made: Any = answer.json
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    assert {name: made[name] for name in grid} == grid
    assert (made["name"], made["stop_loss"], made["status"]) == ("first", "70000", "CREATED")
    assert (made["strategy_type"], made["sizing"], made["margin_type"]) == ("NEUTRAL", "EQUAL_NOTIONAL", "CROSSED")
    assert (made["market_type"], made["exchange"], made["close_position_on_stop"]) == ("FUTURES", "paper", False)
    assert (made["live_levels"], made["intended_levels"], made["level_gaps"]) == (0, 0, [])
    assert D(made["budget"]) == D(2000) * 5 * D("0.98")
    assert (made["symbol_min_qty"], made["symbol_min_notional"], made["symbol_qty_precision"]) == ("0.001", "50", 3)
    assert made["symbol_max_leverage"] >= 100


def test_a_preview_tells_what_create_would_make_and_saves_nothing(anna: Person, grid: dict[str, Any]) -> None:
    seen: Any = anna.post("/grid/preview/paper", grid).json
    assert count(GridStrategy) == count(GridCell) == count(GridOrder) == 0
    made: Any = anna.post("/grid/create/paper", grid).json
    assert (seen["budget"], seen["per_grid_amount"]) == (made["budget"], made["per_grid_amount"])
    assert len(seen["lines"]) == 11
    assert len(seen["cells"]) == 10
    assert {cell["first_side"] for cell in seen["cells"]} == {"BUY", "SELL"}
    assert D(seen["net_profit_min_pct"]) <= D(seen["net_profit_max_pct"])
    assert (seen["liquidation_lower"], seen["liquidation_upper"] is None) == (None, False), "the account backs it"
    assert D(seen["liquidation_upper"]) > 84000
    assert {"leverage", "total_investment", "grid_number", "upper_price"} <= seen["ranges"].keys()
    assert seen["entry_price"] == "80000"


def test_a_preview_needs_no_key(app: Flask, grid: dict[str, Any]) -> None:
    person = somebody(app)
    assert person.post("/grid/preview/paper", grid).status_code == 200
    assert refused(person.post("/grid/create/paper", grid)) == (409, "no_exchange_key")


def test_a_market_that_was_halted_a_moment_ago_takes_no_grid(
    anna: Person, grid: dict[str, Any], paper_server: PaperServer
) -> None:
    assert anna.post("/grid/create/paper", grid).status_code == 201
    paper_server.halt("BTCUSDT")
    try:
        sleep(JUST_READ.total_seconds())
        assert refused(anna.post("/grid/create/paper", grid)) == (422, "symbol_not_tradable")
    finally:
        paper_server.halt("BTCUSDT", halted=False)
    assert count(GridStrategy) == 1


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({"symbol": "NOPEUSDT"}, "unknown_symbol", "symbol"),
        ({"symbol": "BTCUSDT_261225"}, "symbol_not_tradable", "symbol"),
        ({"lower_price": "84000"}, "range_invalid", "upper_price"),
        ({"lower_price": "-5"}, "price_out_of_range", "lower_price"),
        ({"grid_number": 1}, "grid_number_out_of_range", "grid_number"),
        ({"grid_number": 201}, "grid_number_out_of_range", "grid_number"),
        ({"grid_number": 10**30}, "grid_number_out_of_range", "grid_number"),
        ({"leverage": 0}, "leverage_out_of_range", "leverage"),
        ({"leverage": 1000}, "leverage_out_of_range", "leverage"),
        ({"total_investment": "0"}, "investment_out_of_range", "total_investment"),
        ({"total_investment": "20000"}, "insufficient_balance", "total_investment"),
        ({"total_investment": "50", "leverage": 1}, "investment_too_small", "total_investment"),
        ({"stop_loss": "80000"}, "stop_out_of_range", "stop_loss"),
        ({"cell_loss_limit": "0"}, "cell_loss_limit_out_of_range", "cell_loss_limit"),
    ],
)
def test_what_the_guards_refuse_names_the_field_and_the_ranges(
    anna: Person, grid: dict[str, Any], change: dict[str, Any], reason: str, field: str
) -> None:
    for path in ("preview", "create"):
        answer = anna.post(f"/grid/{path}/paper", {**grid, **change})
        assert refused(answer) == (422, reason)
        assert field in (answer.json or {})["errors"]["json"]
    assert count(GridStrategy) == 0


def test_a_refusal_tells_the_allowed_range_of_every_field(anna: Person, grid: dict[str, Any]) -> None:
    answer: Any = anna.post("/grid/preview/paper", {**grid, "leverage": 1000}).json
    assert answer["ranges"]["leverage"] == {"minimum": "1", "maximum": "150", "step": "1"}


def test_the_smallest_investment_that_is_named_passes(anna: Person, grid: dict[str, Any]) -> None:
    answer: Any = anna.post("/grid/preview/paper", {**grid, "total_investment": "1"}).json
    least = answer["ranges"]["total_investment"]["minimum"]
    assert anna.post("/grid/preview/paper", {**grid, "total_investment": least}).status_code == 200
    less = str(D(least) - D("0.01"))
    assert anna.post("/grid/preview/paper", {**grid, "total_investment": less}).status_code == 422


def test_a_price_beyond_a_stop_is_refused(anna: Person, grid: dict[str, Any], paper_server: PaperServer) -> None:
    paper_server.move("BTCUSDT", "70000")
    answer = anna.post("/grid/create/paper", {**grid, "stop_loss": "72000"})
    assert refused(answer) == (422, "entry_beyond_stop")


def test_a_price_outside_the_range_is_a_warning(anna: Person, grid: dict[str, Any], paper_server: PaperServer) -> None:
    paper_server.move("BTCUSDT", "85000")
    seen: Any = anna.post("/grid/preview/paper", grid).json
    assert "entry_outside_range" in [warning["code"] for warning in seen["warnings"]]


def test_the_entry_price_is_never_a_cached_one(anna: Person, grid: dict[str, Any], paper_server: PaperServer) -> None:
    for price in ("80000", "80100.5"):
        paper_server.move("BTCUSDT", price)
        seen: Any = anna.post("/grid/preview/paper", grid).json
        assert D(seen["entry_price"]) == D(price)


@pytest.mark.parametrize(
    ("count_by", "number", "upper"),
    [
        ({"grid_spacing": "750"}, 10, "83500"),
        ({"grid_spacing_pct": "1"}, 10, "83600"),
        ({"grid_number": 16}, 16, "84000"),
    ],
)
def test_a_spacing_settles_number_and_upper_price(
    anna: Person, grid: dict[str, Any], count_by: dict[str, Any], number: int, upper: str
) -> None:
    body = {name: value for name, value in grid.items() if name != "grid_number"} | count_by
    made: Any = anna.post("/grid/create/paper", body).json
    assert (made["grid_number"], D(made["upper_price"])) == (number, D(upper))
    seen: Any = anna.post("/grid/preview/paper", body).json
    assert (seen["grid_number"], D(seen["upper_price"])) == (number, D(upper))


@pytest.mark.parametrize("spacing", [{"grid_spacing": "333.33"}, {"grid_spacing_pct": "0.777"}])
@pytest.mark.parametrize("grid_type", ["ARITHMETIC", "GEOMETRIC"])
def test_what_is_stored_makes_the_grid_that_was_shown(
    anna: Person, grid: dict[str, Any], spacing: dict[str, str], grid_type: str
) -> None:
    body = {name: value for name, value in grid.items() if name != "grid_number"} | {"grid_type": grid_type, **spacing}
    if grid_type == "GEOMETRIC" and "grid_spacing" in spacing:
        assert refused(anna.post("/grid/create/paper", body)) == (422, "spacing_not_allowed")
        return
    seen: Any = anna.post("/grid/preview/paper", body).json
    assert anna.post("/grid/create/paper", body).status_code == 201
    with Session.reading() as session:
        stored = parameters_of(session.get_one(GridStrategy, 1))
    lines = grid_lines(stored, rules_of("paper", "BTCUSDT").rules)
    assert [str(line) for line in lines] == seen["lines"]
    assert (stored.grid_number, stored.upper_price) == (seen["grid_number"], D(seen["upper_price"]))


def test_custom_lines_are_the_range(anna: Person, grid: dict[str, Any]) -> None:
    lines = ["76000", "79000", "80500", "84000"]
    body = {"symbol": "BTCUSDT", "grid_type": "CUSTOM", "lines": lines, "total_investment": "2000", "leverage": 5}
    made: Any = anna.post("/grid/create/paper", body).json
    assert (made["lines"], made["grid_number"]) == (lines, 3)
    assert (D(made["lower_price"]), D(made["upper_price"])) == (76000, 84000)


def test_a_symbol_that_was_listed_a_moment_ago_is_known(
    anna: Person, grid: dict[str, Any], paper_server: PaperServer
) -> None:
    anna.get("/grid/all-symbols/paper")
    info = httpx.get(f"{paper_server.url}/fapi/v1/exchangeInfo", trust_env=False).json()
    bitcoin = next(entry for entry in info["symbols"] if entry["symbol"] == "BTCUSDT")
    httpx.post(f"{paper_server.url}/paper/v1/symbols", json={**bitcoin, "symbol": "NEWUSDT"}, trust_env=False)
    paper_server.move("NEWUSDT", "80000")
    assert anna.post("/grid/create/paper", {**grid, "symbol": "NEWUSDT"}).status_code == 201


def test_a_change_keeps_what_is_left_out(anna: Person, grid: dict[str, Any]) -> None:
    anna.post("/grid/create/paper", {**grid, "stop_loss": "70000", "close_position_on_stop": True})
    answer = anna.put("/grid/update/paper/1", {"leverage": 3}, headers={"If-Match": '"1"'})
    changed: Any = answer.json
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert (changed["leverage"], changed["stop_loss"], changed["close_position_on_stop"]) == (3, "70000", True)
    assert D(changed["budget"]) == D(2000) * 3 * D("0.98")


def test_null_takes_an_optional_parameter_away(anna: Person, grid: dict[str, Any]) -> None:
    anna.post("/grid/create/paper", {**grid, "stop_loss": "70000"})
    changed: Any = anna.put("/grid/update/paper/1", {"stop_loss": None}, headers={"If-Match": '"1"'}).json
    assert changed["stop_loss"] is None


def test_one_way_of_saying_a_stop_or_a_count_replaces_the_other(anna: Person, grid: dict[str, Any]) -> None:
    anna.post("/grid/create/paper", {**grid, "stop_loss": "70000"})
    change = {"stop_loss_pct": "10", "grid_spacing": "500"}
    changed: Any = anna.put("/grid/update/paper/1", change, headers={"If-Match": '"1"'}).json
    assert (changed["stop_loss"], changed["stop_loss_pct"]) == (None, "10")
    assert (changed["grid_number"], changed["grid_spacing"]) == (16, "500")
    changed = anna.put("/grid/update/paper/1", {"grid_number": 8}, headers={"If-Match": '"2"'}).json
    assert (changed["grid_number"], changed["grid_spacing"]) == (8, None)


def test_a_change_is_checked_as_a_creation_is(anna: Person, grid: dict[str, Any]) -> None:
    anna.post("/grid/create/paper", grid)
    answer = anna.put("/grid/update/paper/1", {"total_investment": "1"}, headers={"If-Match": '"1"'})
    assert refused(answer) == (422, "investment_too_small")
    assert "ranges" in (answer.json or {})


def test_a_reset_takes_checked_parameters_along(anna: Person, grid: dict[str, Any]) -> None:
    anna.post("/grid/create/paper", grid)
    assert refused(anna.post("/grid/reset/paper/1", {"leverage": 1000})) == (422, "leverage_out_of_range")
    change(1, status=StrategyStatus.STOPPED)
    answer = anna.post("/grid/reset/paper/1", {"leverage": 3, "name": "again", "close_position": True})
    assert (answer.status_code, (answer.json or {})["status"]) == (202, "STARTING")
    shown: Any = anna.get("/grid/detail/paper/1").json
    assert (shown["leverage"], shown["name"]) == (3, "again")


def test_a_dry_run_of_a_reset_tells_its_plan_and_does_nothing(anna: Person, grid: dict[str, Any]) -> None:
    anna.post("/grid/create/paper", grid)
    anna.post("/grid/start/paper/1")
    make_plan(1)
    change(1, status=StrategyStatus.RUNNING)
    with Session.begin() as session:
        row = session.get_one(GridStrategy, 1)
        row.position, row.bought_quote = D("0.01"), D(800)
    new = {"upper_price": "88000", "grid_number": 12, "strategy_type": "BULLISH"}
    once = {"headers": {"Idempotency-Key": "plan"}}
    url = "/grid/reset/paper/1?dry_run=true"
    plan: Any = anna.post(url, {**new, "close_position": True}, **once).json
    assert (plan["untouched"], plan["kept"], len(plan["cancelled"]), len(plan["new"])) == (0, [], 10, 12)
    assert (plan["inventory_side"], D(plan["closed_quantity"])) == ("BUY", D("0.01"))
    traded = D(plan["inventory_quantity"]) + D("0.01")
    assert D(plan["fees"]) == traded * 80000 * D("0.0005")
    assert (D(plan["before"]["upper_price"]), D(plan["after"]["upper_price"])) == (84000, 88000)
    for name in ("margin", "maximum_loss"):
        assert D(plan["after"][name]) > 0
    assert anna.post(url, {**new, "close_position": True}, **once).json == plan
    kept: Any = anna.post(url, {"leverage": 3}).json
    assert (kept["closed_quantity"], kept["warnings"][-1]["code"]) == ("0", "position_stays")
    assert (strategy_row(1).status, strategy_row(1).version, count(Operation)) == ("RUNNING", 1, 1)
    change(1, status=StrategyStatus.STOPPING)
    assert refused(anna.post(url, new)) == (409, "bad_state")


def test_a_second_create_with_the_same_key_makes_nothing_new(anna: Person, grid: dict[str, Any]) -> None:
    once = {"headers": {"Idempotency-Key": "only-once"}}
    first, second = (anna.post("/grid/create/paper", grid, **once) for _ in range(2))
    assert first.json == second.json
    assert second.headers["ETag"] == first.headers["ETag"]
    assert count(GridStrategy) == 1
    other = anna.post("/grid/create/paper", {**grid, "name": "x"}, **once)
    assert refused(other) == (422, "idempotency_mismatch")


def test_a_liquidation_inside_the_range_is_warned_of_or_refused_as_configured(
    anna: Person, grid: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    steep = {**grid, "lower_price": "40000", "upper_price": "82000", "leverage": 20}
    seen: Any = anna.post("/grid/preview/paper", steep).json
    assert "liquidation_inside_range" in [warning["code"] for warning in seen["warnings"]]
    assert anna.post("/grid/create/paper", steep).status_code == 201
    monkeypatch.setenv("LIQUIDATION_INSIDE_RANGE", "refuse")
    settings.cache_clear()
    assert refused(anna.post("/grid/create/paper", steep)) == (422, "liquidation_inside_range")
    assert anna.post("/grid/create/paper", grid).status_code == 201
