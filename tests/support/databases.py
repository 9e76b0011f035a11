"""Fresh, migrated databases: migrated once into a template, then copied."""

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from core.config import ROOT


def migrate(url: str) -> None:
    """`alembic upgrade head`, as the release command does it."""
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr


class SqliteDatabases:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def fresh(self) -> Iterator[str]:
        file = self._folder / f"{uuid.uuid4().hex}.db"
        shutil.copyfile(self._template, file)
        yield f"sqlite:///{file}"
        for leftover in self._folder.glob(f"{file.name}*"):
            leftover.unlink()

    @cached_property
    def _template(self) -> Path:
        file = self._folder / "template.db"
        migrate(f"sqlite:///{file}")
        return file


class PostgresDatabases:
    """`url` is SQLAlchemy's, of a server whose user may create databases."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)

    @contextmanager
    def fresh(self) -> Iterator[str]:
        name = self._create(self._template)
        yield self._address(name)
        self._drop(name)

    def close(self) -> None:
        if "_template" in self.__dict__:
            self._drop(self._template)

    @cached_property
    def _template(self) -> str:
        name = self._create("template1")
        migrate(self._address(name))
        return name

    def _create(self, template: str) -> str:
        name = f"gridkeeper_test_{uuid.uuid4().hex}"
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def _drop(self, name: str) -> None:
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _execute(self, statement: sql.Composed) -> None:
        plain = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(statement)

    def _address(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)
