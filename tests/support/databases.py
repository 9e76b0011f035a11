"""Fresh, migrated databases: migrated once into a template, then copied."""

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import make_url

from core.config import ROOT

Connection = psycopg.Connection[Any]


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
    """`url` is SQLAlchemy's, of a server whose user may create databases.

    A copy takes longer than most tests: what one has left is emptied for the next, under another name.
    """

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._spare: list[str] = []

    @contextmanager
    def fresh(self) -> Iterator[str]:
        name = self._spare.pop() if self._spare else self._create(self._template)
        yield self._address(name)
        self._put_back(name)

    def close(self) -> None:
        made = [self._template] if "_template" in self.__dict__ else []
        for name in [*made, *self._spare]:
            self._drop(name)

    def _put_back(self, name: str) -> None:
        """Where its schema was changed, or somebody does not let go of it, it is dropped."""
        try:
            name = self._take_from_all(name)
            with self._connected(name) as connection:
                is_whole = _schema(connection) == self._template_schema
                if is_whole:
                    _empty(connection, self._first_rows)
        except psycopg.errors.ObjectInUse:
            is_whole = False
        if is_whole:
            self._spare.append(name)
        else:
            self._drop(name)

    def _take_from_all(self, name: str) -> str:
        """Throws out whoever is connected still; its new name, which none of them knows."""
        renamed = _new_name()
        old, new = sql.Identifier(name), sql.Identifier(renamed)
        with self._connected() as connection:
            connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(old))
            throw_out = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"
            connection.execute(throw_out, [name])
            connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(old, new))
            connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(new))
        return renamed

    @cached_property
    def _template(self) -> str:
        name = self._create("template1")
        migrate(self._address(name))
        with self._connected(name) as connection:
            self._template_schema, self._first_rows = _schema(connection), _rows(connection)
        return name

    def _create(self, template: str) -> str:
        name = _new_name()
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def _drop(self, name: str) -> None:
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _execute(self, statement: sql.Composed) -> None:
        with self._connected() as connection:
            connection.execute(statement)

    @contextmanager
    def _connected(self, database: str | None = None) -> Iterator[Connection]:
        url = self._url.set(drivername="postgresql", **({"database": database} if database else {}))
        with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
            yield connection

    def _address(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)


def _new_name() -> str:
    return f"gridkeeper_test_{uuid.uuid4().hex}"


def _schema(connection: Connection) -> list[Any]:
    """Every column, also of indexes and sequences, every constraint and trigger."""
    return connection.execute(
        """
        SELECT relname, relkind::text, attname, format_type(atttypid, atttypmod), attnotnull::text
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace AND attnum > 0
        UNION ALL
        SELECT conname, contype::text, '', pg_get_constraintdef(oid), ''
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL
        SELECT tgname, '', '', pg_get_triggerdef(oid), '' FROM pg_trigger WHERE NOT tgisinternal
        ORDER BY 1, 2, 3, 4
        """
    ).fetchall()


def _tables(connection: Connection) -> list[str]:
    """Those that rows were ever written to."""
    query = """
        SELECT relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
        """
    return [name for (name,) in connection.execute(query)]


def _rows(connection: Connection) -> dict[str, list[Any]]:
    """What the migrations put into the tables, as JSON."""
    found = {}
    for name in _tables(connection):
        query = sql.SQL("SELECT to_jsonb(kept) FROM {} AS kept").format(sql.Identifier(name))
        found[name] = [row for (row,) in connection.execute(query)]
    return found


def _empty(connection: Connection, first_rows: Mapping[str, Sequence[Any]]) -> None:
    """All tables are as they were after the migrations, and count from 1."""
    tables = sql.SQL(", ").join(map(sql.Identifier, _tables(connection)))
    with connection.transaction():
        connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(tables))
        connection.execute("SELECT setval(seqrelid, seqstart, false) FROM pg_sequence")
        for name, rows in first_rows.items():
            table = sql.Identifier(name)
            insert = sql.SQL("INSERT INTO {} SELECT * FROM jsonb_populate_record(NULL::{}, %s)").format(table, table)
            for row in rows:
                connection.execute(insert, [Jsonb(row)])
