"""The shared fixtures do what they say, since every other test leans on them."""

from sqlalchemy import inspect, text

from core.config import settings
from core.db import Session, engine


def test_a_database_is_migrated_and_the_code_uses_it(database_url: str) -> None:
    assert settings().database_url == database_url
    assert "fills" in inspect(engine()).get_table_names()


def test_each_test_gets_a_database_of_its_own(database_url: str) -> None:
    with Session.begin() as session:
        session.execute(text("CREATE TABLE only_here (id integer)"))
    assert "only_here" in inspect(engine()).get_table_names()


def test_what_another_test_left_is_not_here(database_url: str) -> None:
    assert "only_here" not in inspect(engine()).get_table_names()
