"""Sessions that only read."""

import pytest
from sqlalchemy import select, text

from core.db import Session
from core.models import GridStrategy
from tests.support.grids import running_grid, strategy_row

pytestmark = pytest.mark.usefixtures("database_url", "redis_server")


def test_what_a_reader_does_to_its_objects_is_not_written() -> None:
    grid = running_grid()
    with Session.reading() as session:
        session.get_one(GridStrategy, grid).name = "changed"
        session.scalars(select(GridStrategy)).all()
    assert strategy_row(grid).name != "changed"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_reader_leaves_the_connection_its_prepared_statements() -> None:
    """psycopg prepares what it has executed five times, and forgets it with a rollback."""
    grid = running_grid()
    for _ in range(7):
        with Session.begin() as session:
            session.get(GridStrategy, grid)
    for _ in range(2):
        with Session.reading() as session:
            assert session.scalar(text("SELECT count(*) FROM pg_prepared_statements")), "they outlive a reader"
