"""People in front of the API: a test client that is logged in."""

import itertools
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from core.db import Session
from core.models import User
from core.users import log_in
from web.auth import tokens_of

PASSWORD = "correct horse battery staple"
_NUMBERS = itertools.count(1)


class Person:
    """Every call goes below /api/v1 with the person's access token."""

    def __init__(self, app: Flask, user_id: int) -> None:
        self.user_id = user_id
        self.client = app.test_client()
        with app.app_context(), Session.begin() as session:
            self.tokens: dict[str, Any] = tokens_of(log_in(session, user_id))

    def call(self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> TestResponse:
        mine = {"Authorization": f"Bearer {self.tokens['access_token']}"}
        return self.client.open(f"/api/v1{path}", method=method, headers={**mine, **(headers or {})}, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.call("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        return self.call("POST", path, **({} if json is None else {"json": json}), **options)

    def put(self, path: str, json: Any, **options: Any) -> TestResponse:
        return self.call("PUT", path, json=json, **options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        return self.call("DELETE", path, **options)


def refused(answer: Any) -> tuple[int, str]:
    """Status and reason of an answer."""
    return answer.status_code, answer.json["reason"]


def somebody(app: Flask) -> Person:
    """A new user, whose password nobody needs."""
    with Session.begin() as session:
        user = User(email=f"user{next(_NUMBERS)}@example.com", password_hash="-")
        session.add(user)
    return Person(app, user.id)
