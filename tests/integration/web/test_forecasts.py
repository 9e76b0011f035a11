"""Forecasts and suggestions through the API, computed in the process that they have in production."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psutil
import pytest
from flask import Flask

from core.candles import loading
from core.candles.store import MINUTES
from core.clock import now
from core.db import Session
from core.forecast import honesty
from core.forecast.funding import funding_of
from core.forecast.questions import Funding
from core.models import GridCell, GridStrategy, Operation
from tests.support.history import walk
from tests.support.servers import PaperServer
from tests.unit.web.people import Person

D = Decimal
DAYS = 6
ON_ONE_KIND = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # nothing in it is the database's


def band(told: dict[str, str]) -> tuple[Decimal, Decimal, Decimal]:
    return D(told["low"]), D(told["median"]), D(told["high"])


def test_a_forecast_tells_bands_chances_grade_and_assumptions(anna: Person, grid: dict[str, Any]) -> None:
    walk(DAYS)
    answer = anna.post("/grid/forecast/paper", {**grid, "window_days": DAYS})
    told: Any = answer.json
    assert answer.status_code == 200, told
    assert [scenario["name"] for scenario in told["scenarios"]] == [
        "as_recent", "ranging", "slow_rise", "slow_fall", "breakout_up", "breakout_down", "crash", "volatile",
    ]  # fmt: skip
    for scenario in told["scenarios"]:
        for name in ("total_pnl", "grid_profit", "max_drawdown", "inside_range_pct", "round_trips_per_day"):
            low, median, high = band(scenario[name])
            assert low <= median <= high
        assert all(0 <= D(chance) <= 100 for chance in scenario["chances_pct"].values())
        assert scenario["en"] != scenario["zh_hant"]
    assert told["history"]["task_id"] is None
    assert told["history"]["candles"] >= (DAYS - 1) * MINUTES
    assert told["risk"]["grade"] in ("LOW", "MEDIUM", "HIGH", "EXTREME")
    assert told["risk"]["reasons"]
    said = {one["code"] for one in told["assumptions"]}
    assert {"resampled", "entry", "fills", "fees"} <= said
    assert said & {"longs_pay_next", "longs_pay_mean", "shorts_pay_mean"}
    assert [D(one["days"]) for one in told["checkpoints"]] == [D("0.875"), D("1.75"), D("3.5"), D(7)]
    assert told["checkpoints"][-1]["total_pnl"] == told["scenarios"][0]["total_pnl"]
    assert anna.post("/grid/forecast/paper", {**grid, "window_days": DAYS}).json == told


@ON_ONE_KIND
def test_funding_is_the_mean_of_what_was_paid_or_else_the_next_rate(app: Flask, paper_server: PaperServer) -> None:
    assert funding_of("paper", "ADAUSDT") == Funding(D("0.0001"), 8, 0)
    for rate in ("0.0003", "-0.0001"):
        paper_server.pay_funding("LTCUSDT", rate)
    assert funding_of("paper", "LTCUSDT") == funding_of("paper", "LTCUSDT") == Funding(D("0.0001"), 1, 2)
    assert funding_of("paper", "NOPEUSDT") is None


def test_what_creation_refuses_has_no_forecast(anna: Person, grid: dict[str, Any]) -> None:
    refused = anna.post("/grid/forecast/paper", {**grid, "total_investment": "1"})
    assert (refused.status_code, refused.json["reason"]) == (422, "investment_too_small")
    assert anna.post("/grid/forecast/paper", {**grid, "window_days": 0}).status_code == 422
    assert anna.post("/grid/forecast/paper", {**grid, "symbol": "NOPEUSDT"}).status_code == 404


def test_too_little_history_says_how_much_is_there_and_needed(
    anna: Person, grid: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody loads: there is no worker here."""
    monkeypatch.setattr("core.forecast.asking._WAIT_S", 0.0)
    refused: Any = anna.post("/grid/forecast/paper", grid)
    assert (refused.status_code, refused.json["reason"]) == (422, "too_little_history")
    assert refused.json["errors"]["json"]["symbol"] == [
        "There are 0 candles of one minute of BTCUSDT, 1440 are needed; more are being loaded, ask again."
    ]
    (operation_id,) = loading.under_way()
    assert anna.get(f"/tasks/{operation_id}").json["progress_pct"] == 0
    with Session.reading() as session:
        assert session.get_one(Operation, operation_id).arguments["days"] == 30
    while loading.advance(operation_id):
        pass
    assert anna.get(f"/tasks/{operation_id}").json["state"] == "SUCCESS"
    told: Any = anna.post("/grid/forecast/paper", grid).json
    assert told["history"]["task_id"] is None
    assert told["history"]["candles"] >= 3 * MINUTES


@ON_ONE_KIND
def test_what_is_suggested_is_taken_by_create(anna: Person, grid: dict[str, Any]) -> None:
    walk(DAYS)
    asked = {"symbol": "BTCUSDT", "strategy_type": "NEUTRAL", "total_investment": "2000", "window_days": DAYS}
    answer = anna.post("/grid/suggest/paper", asked)
    told: Any = answer.json
    assert answer.status_code == 200, told
    assert told["sets"]
    assert len(told["walk_forward"]) == 3
    scores = [D(one["score"]) for one in told["sets"]]
    assert scores == sorted(scores, reverse=True)
    for one in told["sets"]:
        assert {"pct_per_day", "max_drawdown"} <= one["in_sample"].keys() & one["out_of_sample"].keys()
        assert one["why"][0]["en"]
        wanted = {"symbol": "BTCUSDT", "strategy_type": "NEUTRAL", "total_investment": "2000", **one["parameters"]}
        created = anna.post("/grid/create/paper", wanted)
        assert created.status_code == 201, created.json


@ON_ONE_KIND
def test_what_nobody_could_create_is_not_suggested(anna: Person, grid: dict[str, Any]) -> None:
    walk(DAYS)
    asked = {"symbol": "BTCUSDT", "strategy_type": "BULLISH", "window_days": DAYS}
    poor = anna.post("/grid/suggest/paper", {**asked, "total_investment": "20000"})
    assert (poor.status_code, poor.json["reason"]) == (422, "insufficient_balance")
    tiny = anna.post("/grid/suggest/paper", {**asked, "total_investment": "1"})
    assert (tiny.status_code, tiny.json["reason"]) == (422, "nothing_fits")
    steep = anna.post("/grid/suggest/paper", {**asked, "total_investment": "2000", "leverage": 500})
    assert (steep.status_code, steep.json["reason"]) == (422, "leverage_out_of_range")


@ON_ONE_KIND
def test_what_computes_holds_up_nothing_else_and_what_is_known_is_not_computed_again(
    anna: Person, grid: dict[str, Any]
) -> None:
    """The process is stopped by a signal, so that its next answer takes as long as we like."""
    walk(DAYS)
    asked = {"symbol": "BTCUSDT", "total_investment": "2000", "window_days": DAYS}
    told = anna.post("/grid/suggest/paper", asked).json
    living = (one for one in psutil.Process().children() if one.status() != psutil.STATUS_ZOMBIE)
    (computing,) = (one for one in living if one.cmdline()[0].startswith("gridkeeper: suggest"))
    computing.suspend()
    try:
        with ThreadPoolExecutor(1) as pool:
            other = pool.submit(anna.post, "/grid/suggest/paper", {**asked, "total_investment": "2100"})
            assert anna.post("/grid/suggest/paper", asked).json == told
            assert anna.post("/grid/forecast/paper", {**grid, "window_days": DAYS}).status_code == 200
            assert anna.get("/grid/list/paper").status_code == 200
            assert not other.done()
            computing.resume()
            assert other.result(60).status_code == 200
    finally:
        computing.resume()


@ON_ONE_KIND
def test_only_a_grid_that_runs_is_suggested_a_change(app: Flask, anna: Person, grid: dict[str, Any]) -> None:
    created: Any = anna.post("/grid/create/paper", grid).json
    refused = anna.post(f"/grid/suggest/paper/{created['id']}")
    assert (refused.status_code, refused.json["reason"]) == (409, "bad_state")


def test_what_was_forecast_at_creation_stands_beside_what_came(anna: Person, grid: dict[str, Any]) -> None:
    walk(DAYS)
    created: Any = anna.post("/grid/create/paper", grid).json
    grid_id = created["id"]
    honesty.remember(grid_id)
    honesty.remember(grid_id)
    early: Any = anna.get(f"/grid/performance/paper/{grid_id}").json
    assert (early["forecast"], early["forecast_missing"]) == (None, "NOT_STARTED")
    assert anna.get("/forecasts/accuracy").json["judged"] == 0
    with Session.begin() as session:
        row = session.get_one(GridStrategy, grid_id)
        row.status, row.generation, row.started_at = "RUNNING", 1, now() - timedelta(days=3)
    beside: Any = anna.get(f"/grid/performance/paper/{grid_id}").json["forecast"]
    assert D("2.99") < D(beside["days"]) < D("3.01")
    assert D(beside["low"]) < D(beside["median"]) < D(beside["high"])
    assert beside["inside"] == (D(beside["low"]) <= 0 <= D(beside["high"]))
    honesty.judge()
    assert anna.get("/forecasts/accuracy").json["judged"] == 0
    with Session.begin() as session:
        row = session.get_one(GridStrategy, grid_id)
        row.status, row.stopped_at, row.grid_profit, row.sold_quote = "STOPPED", now(), D(9000), D(9000)
    honesty.judge()
    honesty.judge()
    told: Any = anna.get("/forecasts/accuracy").json
    assert (told["judged"], told["inside"], told["below"], told["above"]) == (1, 0, 0, 1)
    assert D(told["mean_error_pct"]) == D(told["median_absolute_error_pct"]) > 400
    answer = anna.delete(f"/grid/delete/paper/{grid_id}", headers={"If-Match": '"1"'})
    assert answer.status_code == 204
    assert anna.get("/forecasts/accuracy").json == told


@ON_ONE_KIND
def test_the_comparison_outlives_what_leaves_the_grid_as_it_was_forecast(anna: Person, grid: dict[str, Any]) -> None:
    walk(2)
    grid_id = anna.post("/grid/create/paper", {**grid, "trailing_up": "90000"}).json["id"]

    def missing() -> Any:
        return anna.get(f"/grid/performance/paper/{grid_id}").json["forecast_missing"]

    assert missing() == "NOT_MADE"
    honesty.remember(grid_id)
    _set(grid_id, status="RUNNING", generation=1, started_at=now() - timedelta(days=1))
    assert missing() is None
    _set(grid_id, name="renamed", cell_loss_limit=D(50), version=3)
    _set(grid_id, ladder_lower=D(76000), ladder_upper=D(84000), lower_price=D(76800), upper_price=D(84800), trailed=1)
    honesty.judge()
    assert missing() is None
    _set(grid_id, started_at=now() - timedelta(days=8))
    assert missing() == "OVER"
    _set(grid_id, started_at=now() - timedelta(days=1), stop_loss=D(70000))
    assert missing() == "CHANGED"
    honesty.judge()
    _set(grid_id, stop_loss=None)
    assert missing() == "CHANGED"
    assert anna.get("/forecasts/accuracy").json["judged"] == 0


def _set(grid_id: int, **values: Any) -> None:
    with Session.begin() as session:
        row = session.get_one(GridStrategy, grid_id)
        for name, value in values.items():
            setattr(row, name, value)


@ON_ONE_KIND
def test_creation_has_a_forecast_made_where_candles_are_there_and_waits_for_nothing(
    anna: Person, grid: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[tuple[Any, ...]] = []
    monkeypatch.setattr("web.api.grid.ring", lambda *call: rung.append(call) or False)
    assert anna.post("/grid/create/paper", grid).status_code == 201
    assert rung == []
    walk(2)
    created: Any = anna.post("/grid/create/paper", grid)
    assert created.status_code == 201
    assert rung == [("tasks.upkeep.forecast", created.json["id"])]


@ON_ONE_KIND
def test_a_change_of_a_running_grid_is_told_with_its_plan(anna: Person, grid: dict[str, Any]) -> None:
    """The grid is far too narrow for the market that it was left in."""
    walk(DAYS)
    narrow = {**grid, "lower_price": "79990", "upper_price": "80090", "grid_number": 2}
    created: Any = anna.post("/grid/create/paper", narrow).json
    with Session.begin() as session:
        row = session.get_one(GridStrategy, created["id"])
        row.status, row.generation, row.entry_price = "RUNNING", 1, D(80000)
        for cell, line in enumerate((79990, 80040)):
            session.add(
                GridCell(
                    strategy_id=row.id,
                    generation=1,
                    cell_index=cell,
                    lower_price=D(line),
                    upper_price=D(line + 50),
                    quantity=D("0.05"),
                    opening_side="SELL" if cell else "BUY",
                    next_side="SELL" if cell else "BUY",
                    next_quantity=D("0.05"),
                    next_purpose="OPEN",
                )
            )
    answer = anna.post(f"/grid/suggest/paper/{created['id']}", {"window_days": DAYS})
    told: Any = answer.json
    assert answer.status_code == 200, told
    assert told["current"]["parameters"]["grid_number"] == 2
    assert told["better"] is not None
    better = told["sets"][told["better"]]["parameters"]
    assert D(told["plan"]["after"]["lower_price"]) == D(better["lower_price"])
    assert len(told["plan"]["new"]) == better["grid_number"]
    assert D(told["plan"]["fees"]) >= 0
    assert told["because"]["code"] == "better"
