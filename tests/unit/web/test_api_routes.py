"""Who may do what, for every route there is: a route without a row below fails."""

import re
from typing import Any

import pytest
from flask import Flask

from core.db import Session
from core.models import GridStrategy, Operation
from tests.support.grids import running_grid
from tests.unit.web.people import Person, somebody

# A row: method and path as in the document -> the body that passes the schema, or None.
NEW = {
    "symbol": "BTCUSDT",
    "grid_type": "ARITHMETIC",
    "lower_price": "1",
    "upper_price": "2",
    "grid_number": 5,
    "total_investment": "100",
}
PUBLIC = {
    ("post", "/api/v1/auth/register"): {"email": "a@example.com", "password": "long enough for all"},
    ("post", "/api/v1/auth/login"): {"email": "a@example.com", "password": "x"},
}
OWN_TOKEN: dict[tuple[str, str], Any] = {
    ("post", "/api/v1/auth/refresh"): None,
    ("post", "/api/v1/auth/logout"): None,
}
OF_A_USER: dict[tuple[str, str], Any] = {
    ("get", "/api/v1/exchange-keys"): None,
    ("post", "/api/v1/exchange-keys"): {"exchange": "paper"},
    ("post", "/api/v1/grid/create/{exchange}"): NEW,
    ("post", "/api/v1/grid/preview/{exchange}"): NEW,
    ("post", "/api/v1/grid/forecast/{exchange}"): NEW,
    ("post", "/api/v1/grid/suggest/{exchange}"): {"symbol": "BTCUSDT", "total_investment": "1000"},
    ("get", "/api/v1/grid/list/{exchange}"): None,
    ("post", "/api/v1/grid/stop-all/{exchange}"): {},
    ("get", "/api/v1/grid/symbol-rules/{exchange}/{symbol}"): None,
    ("get", "/api/v1/grid/all-symbols/{exchange}"): None,
    ("get", "/api/v1/market/{exchange}/{symbol}"): None,
    ("get", "/api/v1/market/{exchange}/{symbol}/candles"): None,
    ("get", "/api/v1/portfolio/{exchange}"): None,
    ("get", "/api/v1/connections"): None,
    ("get", "/api/v1/events"): None,
    ("post", "/api/v1/events/cookie"): None,
    ("get", "/api/v1/forecasts/accuracy"): None,
    ("get", "/api/v1/notifications"): None,
    ("get", "/api/v1/notifications/settings"): None,
    ("put", "/api/v1/notifications/settings"): {"language": "en"},
    ("post", "/api/v1/notifications/test"): None,
    ("get", "/api/v1/kill-switch/{exchange}"): None,
    ("post", "/api/v1/kill-switch/{exchange}"): {"halted": True},
}
OF_AN_OBJECT: dict[tuple[str, str], Any] = {
    ("delete", "/api/v1/exchange-keys/{key_id}"): None,
    ("get", "/api/v1/grid/detail/{exchange}/{grid_id}"): None,
    ("put", "/api/v1/grid/update/{exchange}/{grid_id}"): {"name": "mine"},
    ("delete", "/api/v1/grid/delete/{exchange}/{grid_id}"): None,
    ("post", "/api/v1/grid/start/{exchange}/{grid_id}"): {},
    ("post", "/api/v1/grid/stop/{exchange}/{grid_id}"): {},
    ("post", "/api/v1/grid/pause/{exchange}/{grid_id}"): {},
    ("post", "/api/v1/grid/resume/{exchange}/{grid_id}"): {},
    ("post", "/api/v1/grid/reset/{exchange}/{grid_id}"): {"leverage": 2},
    ("post", "/api/v1/grid/suggest/{exchange}/{grid_id}"): {},
    ("get", "/api/v1/grid/performance/{exchange}/{grid_id}"): None,
    ("get", "/api/v1/grid/orders/{exchange}/{grid_id}"): None,
    ("get", "/api/v1/grid/fills/{exchange}/{grid_id}"): None,
    ("get", "/api/v1/grid/events/{exchange}/{grid_id}"): None,
    ("get", "/api/v1/tasks/{task_id}"): None,
}
GUARDED = {**OWN_TOKEN, **OF_A_USER, **OF_AN_OBJECT}


@pytest.fixture
def owner(app: Flask) -> Person:
    """Has a running grid with a task, both of number 1."""
    strategy_id = running_grid()
    with Session.begin() as session:
        strategy = session.get_one(GridStrategy, strategy_id)
        session.add(Operation(id="abc", user_id=strategy.user_id, strategy_id=strategy.id, kind="stop"))
    return Person(app, strategy.user_id)


def filled_in(path: str, number: int = 1, task: str = "abc") -> str:
    values = {"exchange": "paper", "symbol": "BTCUSDT", "grid_id": number, "key_id": number, "task_id": task}
    return path.format(**values).removeprefix("/api/v1")


def test_every_route_of_the_document_has_a_row(app: Flask) -> None:
    document: Any = app.test_client().get("/api/openapi.json").json
    routes = {(method, path) for path, item in document["paths"].items() for method in item if method != "parameters"}
    assert routes == PUBLIC.keys() | GUARDED.keys()


def test_every_route_of_the_application_is_documented_or_for_operators(app: Flask) -> None:
    document: Any = app.test_client().get("/api/openapi.json").json
    documented = {path.replace("{", "<").replace("}", ">") for path in document["paths"]}
    routes = {re.sub(r"<[^>]*:", "<", rule.rule) for rule in app.url_map.iter_rules()}
    for_operators = {"/healthz", "/readyz", "/metrics", "/api/openapi.json", "/api/docs", "/api/docs/<name>"}
    assert routes == documented | for_operators


def test_the_document_says_of_every_guarded_route_that_it_is(app: Flask) -> None:
    document: Any = app.test_client().get("/api/openapi.json").json
    assert document["security"] == [{"bearerAuth": []}]
    for method, path in PUBLIC:
        assert document["paths"][path][method]["security"] == []
    for method, path in OWN_TOKEN:
        assert document["paths"][path][method]["security"] == [{"bearerAuth": []}, {}]
    for method, path in OF_A_USER.keys() | OF_AN_OBJECT.keys():
        assert document["paths"][path][method].get("security", document["security"]) == [{"bearerAuth": []}]


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_nobody_gets_in_without_a_token(app: Flask, method: str, path: str) -> None:
    url = f"/api/v1{filled_in(path)}"
    body = GUARDED[(method, path)]
    answer = app.test_client().open(url, method=method, **({} if body is None else {"json": body}))
    assert answer.status_code == 401
    assert answer.json is not None
    assert answer.json["reason"] == "unauthorized"


@pytest.mark.parametrize(("method", "path"), OF_AN_OBJECT)
def test_another_users_object_is_as_missing_as_a_missing_one(app: Flask, owner: Person, method: str, path: str) -> None:
    stranger = somebody(app)
    body = OF_AN_OBJECT[(method, path)]
    options = {} if body is None else {"json": body}
    headers = {"If-Match": '"1"'}
    theirs = stranger.call(method, filled_in(path), headers=headers, **options)
    missing = stranger.call(method, filled_in(path, 999, "nothing"), headers=headers, **options)
    assert theirs.status_code == 404
    assert theirs.json == missing.json


@pytest.mark.parametrize(("method", "path"), [row for row in OF_AN_OBJECT if row[0] == "get"])
def test_the_owner_gets_what_a_stranger_does_not(owner: Person, method: str, path: str) -> None:
    assert owner.call(method, filled_in(path)).status_code == 200


@pytest.mark.parametrize(("method", "path"), [row for row in OF_AN_OBJECT if "{grid_id}" in row[1]])
def test_a_strategy_is_on_its_own_exchange_only(owner: Person, method: str, path: str) -> None:
    body = OF_AN_OBJECT[(method, path)]
    elsewhere = filled_in(path).replace("paper", "binance")
    answer = owner.call(method, elsewhere, headers={"If-Match": '"1"'}, **({} if body is None else {"json": body}))
    assert answer.status_code == 404


@pytest.mark.parametrize("number", ["0", "99999999999999999999", "-1", "x", "1.5", "%00"])
def test_odd_numbers_in_a_path_are_404(owner: Person, number: str) -> None:
    for path in (f"/grid/detail/paper/{number}", f"/grid/orders/paper/{number}", f"/tasks/{number}"):
        assert owner.get(path).status_code == 404
    assert owner.delete(f"/exchange-keys/{number}").status_code in (404, 405)


def test_a_list_holds_only_ones_own(app: Flask, owner: Person) -> None:
    stranger = somebody(app)
    for path in ("/grid/list/paper", "/exchange-keys", "/connections"):
        assert len(owner.get(path).json or []) == 1
        answer = stranger.get(path)
        assert answer.json == []
        assert '"total": 0' in answer.headers["X-Pagination"]
