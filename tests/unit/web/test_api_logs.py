"""No secret reaches the logs."""

import json

import pytest

from tests.support.application import UNTHROTTLED
from tests.unit.web.people import PASSWORD, somebody
from web import create_app

CANARIES = {"password": f"{PASSWORD} canary-1", "api_key": "canary-2-canary-2", "api_secret": "canary-3-canary-3"}


def test_secrets_that_come_in_are_not_logged(sqlite: str, capfd: pytest.CaptureFixture[str]) -> None:
    app = create_app(UNTHROTTLED)
    person = somebody(app)
    client = app.test_client()
    for path in ("register", "login", "login?password=canary-4"):
        client.post(f"/api/v1/auth/{path}", json={"email": "canary@example.com", "password": CANARIES["password"]})
    keys = {"exchange": "paper", "api_key": CANARIES["api_key"], "api_secret": CANARIES["api_secret"]}
    assert person.post("/exchange-keys", keys).status_code == 503
    person.get("/symbol?token=canary-5")
    logged = capfd.readouterr().err
    assert '"path": "/api/v1/exchange-keys"' in logged
    assert "canary" not in logged
    assert person.tokens["access_token"] not in logged


def test_each_line_is_json_with_the_requests_id(sqlite: str, capfd: pytest.CaptureFixture[str]) -> None:
    client = create_app().test_client()
    client.get("/api/v1/nothing", headers={"X-Request-ID": "find-me"})
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    told = next(line for line in lines if line.get("request_id") == "find-me")
    assert (told["method"], told["path"], told["status"]) == ("GET", "/api/v1/nothing", 404)
