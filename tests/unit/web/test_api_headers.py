"""Headers of every answer, and the request's id."""

import pytest
from flask.testing import FlaskClient

from tests.unit.web.people import Person


@pytest.mark.parametrize("path", ["/api/v1/auth/login", "/api/docs", "/api/openapi.json", "/healthz", "/nothing"])
def test_every_answer_has_the_headers_that_browsers_need(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Access-Control-Allow-Origin" not in headers


def test_answers_of_the_api_are_not_stored(anna: Person) -> None:
    assert anna.get("/connections").headers["Cache-Control"] == "no-store"
    assert anna.get("/nothing").headers["Cache-Control"] == "no-store"


def test_a_request_keeps_the_id_it_came_with(client: FlaskClient) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"] == "abc-1"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, 'a"b'])
def test_a_request_gets_an_id_where_it_has_no_good_one(client: FlaskClient, given: str) -> None:
    found = client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert found != given
    assert len(found) == 32


def test_the_documentation_needs_nothing_from_elsewhere(client: FlaskClient) -> None:
    page = client.get("/api/docs")
    assert page.status_code == 200
    assert "<script>" not in page.text
    assert "http" not in page.text
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "start.js"):
        assert f"/api/docs/{name}" in page.text
        assert client.get(f"/api/docs/{name}").status_code == 200
    assert client.get("/api/docs/../../core/config.py").status_code == 404
