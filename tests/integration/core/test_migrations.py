"""The migrations make exactly the tables that the models describe, and take them away again."""

import subprocess
import sys

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from core.config import ROOT
from core.models import LIVE_IN_SQL, Base


def test_models_and_migrations_agree(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_the_wall_of_one_live_order_per_cell_has_the_same_statuses_in_both(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            query = "SELECT sql FROM sqlite_master WHERE name = 'uq_grid_orders_live_cell_id'"
        else:
            query = "SELECT indexdef FROM pg_indexes WHERE indexname = 'uq_grid_orders_live_cell_id'"
        (definition,) = connection.exec_driver_sql(query).one()
    engine.dispose()
    assert definition.startswith("CREATE UNIQUE INDEX")
    statuses = {status.strip(" '()") for status in LIVE_IN_SQL.partition("IN")[2].split(",")}
    assert {word for word in definition.split("'") if word.isupper() and " " not in word} == statuses


def test_going_down_leaves_nothing(database_url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "downgrade", "base"], cwd=ROOT, capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stderr
    engine = create_engine(database_url)
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    engine.dispose()
