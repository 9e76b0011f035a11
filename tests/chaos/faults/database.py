"""PostgreSQL: without it nothing is sent, and a commit whose answer is lost may or may not have happened."""

from collections.abc import Iterator
from contextlib import suppress

import psycopg
from sqlalchemy import make_url

from tests.chaos.faults.registry import Scene, fault
from tests.support.disk import obstacle


@fault("PostgreSQL is stopped hard", 3.0)
def postgresql_is_stopped_hard(scene: Scene) -> Iterator[None]:
    scene.arena.stop_postgres()
    yield
    scene.arena.start_postgres()


@fault("PostgreSQL drops its clients", 1.0)
def postgresql_drops_its_clients(scene: Scene) -> Iterator[None]:
    with suppress(psycopg.OperationalError), _connected(scene) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    yield


@fault("rows are held by somebody else", 7.0)
def rows_are_held_by_somebody_else(scene: Scene) -> Iterator[None]:
    """Longer than the lock timeout."""
    connection = None
    with suppress(psycopg.Error):
        connection = _connected(scene)
        connection.autocommit = False
        connection.execute("SELECT id FROM grid_strategies FOR UPDATE")
    yield
    if connection is not None:
        connection.close()


@fault("PostgreSQL answers slowly", 4.0)
def postgresql_answers_slowly(scene: Scene) -> Iterator[None]:
    scene.arena.database_proxy.delay(scene.random.uniform(0.005, 0.05))
    yield
    scene.arena.database_proxy.behave()


@fault("commits are cut off before their answer", 4.0)
def commits_are_cut_off_before_their_answer(scene: Scene) -> Iterator[None]:
    scene.arena.database_proxy.cut_after(b"COMMIT", times=scene.random.randint(1, 12))
    yield
    scene.arena.database_proxy.behave()


@fault("connections to PostgreSQL are reset", 1.0)
def connections_to_postgresql_are_reset(scene: Scene) -> Iterator[None]:
    scene.arena.database_proxy.reset_in(scene.random.randint(1, 50_000))
    yield
    scene.arena.database_proxy.cut()
    scene.arena.database_proxy.behave()


@fault("connections to PostgreSQL stall", 6.0)
def connections_to_postgresql_stall(scene: Scene) -> Iterator[None]:
    scene.arena.database_proxy.stall()
    yield
    scene.arena.database_proxy.behave()


@fault("connections to PostgreSQL are half closed", 2.0)
def connections_to_postgresql_are_half_closed(scene: Scene) -> Iterator[None]:
    scene.arena.database_proxy.half_close()
    yield


@fault("PostgreSQL can't be reached", 4.0)
def postgresql_cant_be_reached(scene: Scene) -> Iterator[None]:
    scene.arena.database_proxy.refuse()
    yield
    scene.arena.database_proxy.behave()


@fault("the database's disk is full", 8.0, alone=True, obstacle=obstacle())
def the_databases_disk_is_full(scene: Scene) -> Iterator[None]:
    """PostgreSQL writes as long as what it has laid out lasts, and then not at all: it may even end."""
    assert scene.arena.disk is not None
    scene.arena.disk.fill()
    yield
    scene.arena.disk.free()
    scene.arena.start_postgres()


def _connected(scene: Scene) -> "psycopg.Connection[tuple[object, ...]]":
    plain = make_url(scene.arena.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)
