"""Every error has one shape, and says no more than it should."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError
from werkzeug.test import TestResponse

from core.errors import (
    ConfigurationError,
    Conflict,
    DatabaseUnavailable,
    GridkeeperError,
    ImpossibleState,
    Invalid,
    NotFound,
    Unauthorized,
    VenueRefused,
    VenueUnavailable,
)
from tests.support.application import UNTHROTTLED
from tests.unit.web.people import Person
from web import create_app

LOGIN = "/api/v1/auth/login"


def shape(answer: TestResponse) -> tuple[int, str | None]:
    """(code, reason), after checking the rest."""
    body = answer.json
    assert body is not None
    assert {"code", "status", "message"} <= body.keys() <= {"code", "status", "message", "errors", "reason"}
    assert body["code"] == answer.status_code
    assert body["message"]
    return body["code"], body.get("reason")


def failing(error: Exception) -> FlaskClient:
    """An application with a route that raises `error`."""

    def fail() -> None:
        raise error

    app = create_app(UNTHROTTLED)
    app.add_url_rule("/fail", view_func=fail)
    return app.test_client()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Invalid("too_small", "No.", {"leverage": ["Between 1 and 5."]}), (422, "too_small")),
        (NotFound("no_such", "No."), (404, "no_such")),
        (Conflict("bad_state", "No."), (409, "bad_state")),
        (Unauthorized("wrong", "No."), (401, "wrong")),
        (VenueUnavailable("away"), (503, "venue_unavailable")),
        (DatabaseUnavailable(), (503, "database_unavailable")),
        (VenueRefused(-1121, "Invalid symbol."), (409, "venue_refused")),
        (IntegrityError("INSERT", {}, Exception("unique")), (409, "already_exists")),
    ],
)
def test_each_of_our_errors_has_its_status(error: Exception, expected: tuple[int, str]) -> None:
    assert shape(failing(error).get("/fail")) == expected


@pytest.mark.parametrize(
    "error",
    [ValueError("secret inside"), ConfigurationError("secret inside"), ImpossibleState("secret inside")],
)
def test_an_inner_error_says_nothing_but_the_requests_id(error: Exception) -> None:
    answer = failing(error).get("/fail", headers={"X-Request-ID": "my-id"})
    assert shape(answer) == (500, "internal_error")
    assert "secret" not in answer.text
    assert "my-id" in answer.text


def test_fields_are_named_below_json() -> None:
    answer = failing(Invalid("bad", "No.", {"leverage": ["Between 1 and 5."]})).get("/fail")
    assert answer.json is not None
    assert answer.json["errors"] == {"json": {"leverage": ["Between 1 and 5."]}}


@pytest.mark.parametrize("error", [VenueUnavailable("away"), DatabaseUnavailable()])
def test_what_is_unavailable_says_when_to_try_again(error: GridkeeperError) -> None:
    assert int(failing(error).get("/fail").headers["Retry-After"]) > 0


def test_an_unknown_path_is_404(client: FlaskClient) -> None:
    assert shape(client.get("/api/v1/nothing")) == (404, "not_found")


def test_a_wrong_method_is_405_and_tells_the_right_ones(client: FlaskClient) -> None:
    answer = client.delete(LOGIN)
    assert shape(answer) == (405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"{", "application/json", (400, "malformed")),
        (b'{"email": "a", "email": "b"}', "application/json", (400, "malformed")),
        (b'{"x": {"y": 1, "y": 2}}', "application/json", (400, "malformed")),
        (b"[" * 30_000, "application/json", (400, "malformed")),
        (b"\xff\xfe", "application/json", (400, "malformed")),
        (b'{"email": ' + b"9" * 5000 + b"}", "application/json", (400, "malformed")),
        (b"email=a", "application/x-www-form-urlencoded", (415, "wrong_content_type")),
        (b"{}", "text/plain", (415, "wrong_content_type")),
        (b" " * 70_000, "application/json", (413, "too_large")),
        (b"null", "application/json", (422, "invalid_fields")),
        (b"[]", "application/json", (422, "invalid_fields")),
        (b"", "application/json", (422, "invalid_fields")),
    ],
)
def test_bodies_that_are_none(client: FlaskClient, body: bytes, content_type: str, expected: tuple[int, str]) -> None:
    assert shape(client.post(LOGIN, data=body, content_type=content_type)) == expected


def test_an_unknown_field_is_refused_with_a_reason_of_its_own(client: FlaskClient) -> None:
    body = {"email": "a@example.com", "password": "x", "admin": True}
    answer = client.post(LOGIN, json=body)
    assert shape(answer) == (422, "unknown_field")
    assert answer.json is not None
    assert answer.json["errors"] == {"json": {"admin": ["Unknown field."]}}


@pytest.mark.parametrize("path", ["/exchange-keys?colour=red", "/connections?page=1&colour=red", "/tasks/abc?page=1"])
def test_an_unknown_query_parameter_is_refused(anna: Person, path: str) -> None:
    answer = anna.get(path)
    assert answer.status_code == 422
    assert answer.json is not None
    assert list(answer.json["errors"]["query"].values())[-1] == ["Unknown field."]


@pytest.mark.parametrize(
    "query", ["page=0", "page_size=0", "page_size=101", "page=x", "page=-1", "page=1.5", "page_size=1e2"]
)
def test_a_page_that_can_not_be_is_refused(anna: Person, query: str) -> None:
    assert shape(anna.get(f"/exchange-keys?{query}"))[0] == 422


def test_an_unknown_exchange_is_404(anna: Person) -> None:
    for path in ("/grid/list/mtgox", "/grid/symbol-rules/mtgox/BTCUSDT", "/market/mtgox/BTCUSDT"):
        assert shape(anna.get(path)) == (404, "unknown_exchange")


def test_errors_inside_a_list_are_texts_of_its_field(anna: Person) -> None:
    body = {"symbol": "BTCUSDT", "grid_type": "CUSTOM", "total_investment": "1", "lines": ["1", 2, "3"]}
    errors: Any = anna.post("/grid/create/paper", body).json
    assert errors["errors"]["json"]["lines"][0].startswith("[1] Must be a decimal")


def test_a_query_that_says_one_thing_twice_is_refused(anna: Person) -> None:
    answer = anna.get("/grid/list/paper?status=CREATED&status=RUNNING")
    assert shape(answer) == (422, "invalid_fields")
    assert answer.json is not None
    assert answer.json["errors"] == {"query": {"status": ["Give it once."]}}
