"""Registration, login, tokens and their end."""

import base64
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from core.clock import now, now_ms
from core.db import Session
from core.models import User
from tests.unit.web.people import PASSWORD, Person
from web import create_app

AUTH = "/api/v1/auth"
EMAIL = "carla@example.com"


def register(client: FlaskClient, email: str = EMAIL, password: str = PASSWORD) -> TestResponse:
    return client.post(f"{AUTH}/register", json={"email": email, "password": password})


def login(client: FlaskClient, email: str = EMAIL, password: str = PASSWORD) -> TestResponse:
    return client.post(f"{AUTH}/login", json={"email": email, "password": password})


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def reason(answer: TestResponse) -> str:
    assert answer.json is not None
    return str(answer.json["reason"])


@pytest.fixture
def tokens(client: FlaskClient) -> dict[str, Any]:
    register(client)
    return dict(login(client).json or {})


def may_enter(client: FlaskClient, access_token: str) -> bool:
    return client.get("/api/v1/connections", headers=bearer(access_token)).status_code == 200


def test_a_registered_user_can_log_in_and_use_the_api(client: FlaskClient) -> None:
    registered = register(client)
    assert registered.status_code == 201
    assert registered.json is not None
    assert set(registered.json) == {"id", "email", "created_at"}
    tokens: Any = login(client, email=EMAIL.upper()).json
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 900)
    assert may_enter(client, tokens["access_token"])


def test_an_email_registers_once_whatever_its_case(client: FlaskClient) -> None:
    register(client)
    again = register(client, email="Carla@Example.com")
    assert (again.status_code, reason(again)) == (409, "email_taken")


@pytest.mark.parametrize(
    "password", ["short", "password1234", "aaaaaaaaaaaaaaaa", "carla@example.com", "x" * 257, "123456789012"]
)
def test_a_weak_password_is_refused(client: FlaskClient, password: str) -> None:
    answer = register(client, password=password)
    assert (answer.status_code, reason(answer)) == (422, "weak_password")


def test_long_passwords_are_welcome(client: FlaskClient) -> None:
    assert register(client, password="long and winding " * 8).status_code == 201


@pytest.mark.parametrize("email", ["", "carla", "carla@", "@example.com", "a@b\x00.com", "x" * 250 + "@example.com", 5])
def test_what_is_no_email_is_refused(client: FlaskClient, email: Any) -> None:
    assert register(client, email=email).status_code == 422


def test_a_wrong_password_and_an_unknown_user_are_answered_alike(client: FlaskClient) -> None:
    register(client)
    wrong, unknown = login(client, password="something else"), login(client, email="nobody@example.com")
    assert wrong.status_code == 401
    assert wrong.json == unknown.json


def test_guessing_one_accounts_password_is_slowed_down(client: FlaskClient) -> None:
    register(client)
    answers = [login(client, password="a wrong guess").status_code for _ in range(6)]
    assert answers == [401] * 5 + [429]
    refused = login(client)
    assert refused.status_code == 429, "the right password waits too"
    assert int(refused.headers["Retry-After"]) > 0
    register(client, email="dora@example.com")
    assert login(client, email="dora@example.com").status_code == 200


def test_the_slowing_down_ends(client: FlaskClient) -> None:
    register(client)
    for _ in range(6):
        login(client, password="a wrong guess")
    with time_machine.travel(now() + timedelta(seconds=70)):
        assert login(client).status_code == 200


def test_right_logins_are_never_throttled(client: FlaskClient) -> None:
    register(client)
    assert {login(client).status_code for _ in range(8)} == {200}


def test_a_refresh_token_is_good_for_a_new_pair(client: FlaskClient, tokens: dict[str, Any]) -> None:
    renewed: Any = client.post(f"{AUTH}/refresh", headers=bearer(tokens["refresh_token"])).json
    assert may_enter(client, renewed["access_token"])
    in_body = client.post(f"{AUTH}/refresh", json={"refresh_token": renewed["refresh_token"]})
    assert in_body.status_code == 200


def test_using_a_refresh_token_twice_ends_the_whole_session(client: FlaskClient, tokens: dict[str, Any]) -> None:
    renewed: Any = client.post(f"{AUTH}/refresh", headers=bearer(tokens["refresh_token"])).json
    again = client.post(f"{AUTH}/refresh", headers=bearer(tokens["refresh_token"]))
    assert (again.status_code, reason(again)) == (401, "token_reused")
    assert client.post(f"{AUTH}/refresh", headers=bearer(renewed["refresh_token"])).status_code == 401
    assert not may_enter(client, renewed["access_token"])


def test_another_session_of_the_user_lives_on(client: FlaskClient, tokens: dict[str, Any]) -> None:
    other: Any = login(client).json
    client.post(f"{AUTH}/logout", headers=bearer(tokens["access_token"]))
    assert not may_enter(client, tokens["access_token"])
    assert may_enter(client, other["access_token"])


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_logout_ends_the_session_and_may_be_repeated(client: FlaskClient, tokens: dict[str, Any], kind: str) -> None:
    for _ in range(2):
        assert client.post(f"{AUTH}/logout", headers=bearer(tokens[kind])).status_code == 204
    assert not may_enter(client, tokens["access_token"])
    assert client.post(f"{AUTH}/refresh", headers=bearer(tokens["refresh_token"])).status_code == 401


def test_a_disabled_user_is_out_at_once(client: FlaskClient, tokens: dict[str, Any]) -> None:
    with Session.begin() as session:
        session.execute(update(User).values(is_active=False))
    assert not may_enter(client, tokens["access_token"])
    assert login(client).status_code == 401


def test_an_access_token_is_good_for_fifteen_minutes(client: FlaskClient, tokens: dict[str, Any]) -> None:
    with time_machine.travel(now() + timedelta(minutes=14)):
        assert may_enter(client, tokens["access_token"])
    with time_machine.travel(now() + timedelta(minutes=16)):
        answer = client.get("/api/v1/connections", headers=bearer(tokens["access_token"]))
        assert (answer.status_code, reason(answer)) == (401, "token_expired")
        assert client.post(f"{AUTH}/refresh", headers=bearer(tokens["refresh_token"])).status_code == 200


def test_tokens_are_not_taken_for_each_other(client: FlaskClient, tokens: dict[str, Any]) -> None:
    assert not may_enter(client, tokens["refresh_token"])
    assert client.post(f"{AUTH}/refresh", headers=bearer(tokens["access_token"])).status_code == 401
    assert client.post(f"{AUTH}/refresh", json={"refresh_token": tokens["access_token"]}).status_code == 401


def _unsigned(claims: dict[str, Any]) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims)}."


def forged(app: Flask, token: str, how: str) -> str:
    key = app.config["JWT_SECRET_KEY"]
    claims = jwt.decode(token, key, algorithms=["HS256"], issuer="gridkeeper")
    return {
        "unsigned": _unsigned(claims),
        "wrong key": jwt.encode(claims, "x" * 40, algorithm="HS256"),
        "other algorithm": jwt.encode(claims, key, algorithm="HS512"),
        "other issuer": jwt.encode({**claims, "iss": "somebody"}, key, algorithm="HS256"),
        "expired": jwt.encode({**claims, "exp": now_ms() // 1000 - 60}, key, algorithm="HS256"),
        "not yet": jwt.encode({**claims, "nbf": now_ms() // 1000 + 600}, key, algorithm="HS256"),
        "no family": jwt.encode({k: v for k, v in claims.items() if k != "family"}, key, algorithm="HS256"),
        "no subject": jwt.encode({k: v for k, v in claims.items() if k != "sub"}, key, algorithm="HS256"),
        "odd subject": jwt.encode({**claims, "sub": "1 OR 1=1"}, key, algorithm="HS256"),
        "cut": token[:-5],
        "garbage": "a.b.c",
        "empty": "",
    }[how]


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize(
    "how",
    [
        *("unsigned", "wrong key", "other algorithm", "other issuer", "expired", "not yet"),
        *("no family", "no subject", "odd subject", "cut", "garbage", "empty"),
    ],
)
def test_a_forged_token_opens_nothing(app: Flask, anna: Person, how: str) -> None:
    token = forged(app, anna.tokens["access_token"], how)
    answer = app.test_client().get("/api/v1/connections", headers=bearer(token))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json is not None
    assert answer.json["code"] == 401


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "bearer x y", "Token abc", "é"])
def test_another_kind_of_authorization_opens_nothing(client: FlaskClient, header: str) -> None:
    headers = {"Authorization": header.encode().decode("latin-1")}
    assert client.get("/api/v1/connections", headers=headers).status_code == 401
    assert client.post(f"{AUTH}/logout", headers=headers).status_code == 401


def test_login_works_while_redis_is_away(sqlite: str) -> None:
    client = create_app().test_client()  # the environment's Redis answers nobody
    register(client)
    begun = now_ms()
    answers = [login(client, password="a wrong guess").status_code for _ in range(6)]
    assert answers == [401] * 5 + [429]
    assert now_ms() - begun < 3000
