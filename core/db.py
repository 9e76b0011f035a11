"""The engine and `Session`. Whoever opens a session commits it: `with Session.begin() as session` at each door."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session as OrmSession
from sqlalchemy.orm import sessionmaker
from sqlalchemy.pool import NullPool

from core.clock import follow, monotonic
from core.config import settings
from core.errors import DatabaseUnavailable
from core.killpoints import passing

# SQLite lets one writer in and is unfair to those who wait; this lock makes the threads of a process queue fairly.
_SQLITE_WRITER = threading.RLock()


def _connect_arguments(url: str) -> dict[str, Any]:
    if url.startswith("sqlite"):
        return {"timeout": 10, "check_same_thread": False}
    return {
        "connect_timeout": 2,
        "options": "-c lock_timeout=5000 -c statement_timeout=10000 -c idle_in_transaction_session_timeout=15000",
        "keepalives_idle": 5,
        "tcp_user_timeout": 5000,
    }


_PING_AFTER_S = 1.0
_READ_CLOCK_EVERY_S = 5.0
_SLOW_S = 0.4
_following = False
_clock_read_at = float("-inf")
_answer_within_s = 12.0  # above the server's own statement_timeout: only a server that is frozen takes longer


class _BoundedConnection(psycopg.Connection[Any]):
    """psycopg has no bound on how long it waits for an answer on an open connection."""

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return super().wait(gen, interval, timeout or _answer_within_s)
        except psycopg.errors._WaitTimeout:
            self.pgconn.finish()
            raise DatabaseUnavailable("the database did not answer in time") from None


def answer_within(seconds: float) -> None:
    """How long this process waits for any answer of the database, before DatabaseUnavailable."""
    global _answer_within_s  # noqa: PLW0603
    _answer_within_s = seconds


def follow_its_clock() -> None:
    """For the processes that share a server, before their first use: they take their time from it, so that what one of
    them puts off to a moment is due for all at that moment, and no host's clock matters."""
    global _following  # noqa: PLW0603
    _following = True


@cache
def engine() -> Engine:
    """The process's engine: a pool of worker threads + 4 connections."""
    url = settings().database_url
    made = create_engine(
        url,
        connect_args=_connect_arguments(url),
        pool_size=settings().worker_concurrency + 4,
        max_overflow=0,
        pool_timeout=1.0,
        pool_use_lifo=True,  # few warm connections, whose statements are prepared, instead of many cold ones
        insertmanyvalues_page_size=8,  # rows a statement: of few forms, which driver and server soon know all
    )
    if url.startswith("sqlite"):
        _tune_sqlite(made)
    else:
        _ping_idle_connections(made)
        event.listen(made, "do_connect", lambda _d, _r, args, kwargs: _BoundedConnection.connect(*args, **kwargs))
    return made


def short_lived_engine() -> Engine:
    """Holds no connection between uses."""
    url = settings().database_url
    made = create_engine(url, connect_args=_connect_arguments(url), poolclass=NullPool)
    if url.startswith("sqlite"):
        _tune_sqlite(made)
    return made


def _ping_idle_connections(made: Engine) -> None:
    """As SQLAlchemy's pre-ping, but a connection that has just answered is not asked again."""

    @event.listens_for(made, "checkin")
    def _on_checkin(_connection: Any, record: Any) -> None:
        record.info["answered_at"] = monotonic()

    @event.listens_for(made, "checkout")
    def _on_checkout(connection: Any, record: Any, _proxy: Any) -> None:
        idle = monotonic() - record.info.get("answered_at", monotonic())
        if idle > _PING_AFTER_S and not _answers(made, connection):
            raise DisconnectionError  # the pool makes a new one


def _answers(made: Engine, connection: Any) -> bool:
    try:
        return made.dialect.do_ping(connection)
    except made.dialect.loaded_dbapi.Error:
        return False


def _tune_sqlite(made: Engine) -> None:
    @event.listens_for(made, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours, below
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").fetchall()

    @event.listens_for(made, "begin")
    def _on_begin(connection: Any) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@cache
def _factory() -> sessionmaker[OrmSession]:
    return sessionmaker(engine(), expire_on_commit=False)


class _Sessions:
    """`Session.begin()` writes, `Session.reading()` only reads: on SQLite a reader then waits for nobody."""

    @contextmanager
    def begin(self) -> Iterator[OrmSession]:
        with _translated():
            if engine().dialect.name != "sqlite":
                with _factory().begin() as session:
                    _read_clock(session)
                    yield session
                    passing("before_commit")
            else:
                with _SQLITE_WRITER, _factory().begin() as session:
                    yield session
                    passing("before_commit")
        passing("after_commit")

    @contextmanager
    def reading(self) -> Iterator[OrmSession]:
        with _translated(), _factory()(autoflush=False) as session:
            session.connection(execution_options={"reading": True})
            _read_clock(session)
            yield session
            session.expunge_all()  # nothing is written, whatever a reader has done to its objects
            session.commit()  # with a rollback, psycopg forgets the connection's prepared statements


Session = _Sessions()


def _read_clock(session: OrmSession) -> None:
    """From time to time. An answer that took long says what the time was, not what it is."""
    global _clock_read_at  # noqa: PLW0603
    asked_at = monotonic()
    if not _following or asked_at - _clock_read_at < _READ_CLOCK_EVERY_S or engine().dialect.name == "sqlite":
        return
    told = session.scalar(text("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"))
    _clock_read_at = monotonic()
    if _clock_read_at - asked_at < _SLOW_S:
        follow(told)


def database_of(session: OrmSession) -> str:
    """Its URL: what a process remembers of a database it remembers under this name."""
    return _name_of(session.get_bind().engine)


@cache
def _name_of(known: Engine) -> str:
    return str(known.url)  # composed anew each time, which a fill's way would feel


@contextmanager
def _translated() -> Iterator[None]:
    """The database's own absence becomes DatabaseUnavailable; integrity errors pass through to who can judge them."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise DatabaseUnavailable(f"the database does not answer: {type(error).__name__}") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise DatabaseUnavailable("the connection to the database was lost") from error
        raise
