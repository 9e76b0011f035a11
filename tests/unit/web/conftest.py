"""The application on a fresh SQLite, with neither broker nor venue in reach."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.application import application
from tests.support.databases import SqliteDatabases
from tests.support.environment import forget_settings
from tests.unit.web.people import Person, somebody


@pytest.fixture
def sqlite(_sqlite_databases: SqliteDatabases, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with _sqlite_databases.fresh() as url:
        monkeypatch.setenv("DATABASE_URL", url)
        forget_settings()
        yield url
        forget_settings()


@pytest.fixture
def app(sqlite: str) -> Flask:
    return application()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def anna(app: Flask) -> Person:
    return somebody(app)


@pytest.fixture
def bert(app: Flask) -> Person:
    return somebody(app)
