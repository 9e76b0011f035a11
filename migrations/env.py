"""Runs the migrations on the database of DATABASE_URL."""

from alembic import context

from core.db import short_lived_engine
from core.models import Base


def run() -> None:
    with short_lived_engine().connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()


run()
