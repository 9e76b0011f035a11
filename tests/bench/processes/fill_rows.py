"""What a fill writes, in copies of the tables: the least that a commit of it can cost."""

from contextlib import ExitStack
from itertools import count
from typing import Any, Self

import psycopg
from psycopg import Connection, sql
from psycopg.rows import dict_row
from sqlalchemy import make_url

from core.config import settings

_TABLES = ("grid_strategies", "grid_cells", "grid_orders", "fills")
_UPDATES = (
    "UPDATE {}.grid_strategies SET next_sequence = next_sequence + 1, position = %(price)s, fees = %(price)s,"
    " bought_quote = %(price)s, realized_pnl = %(price)s, updated_at = now()",
    "UPDATE {}.grid_cells SET held = %(price)s, cost_quantity = %(price)s, held_cost = %(price)s,"
    " held_fees = %(price)s, next_side = 'BUY', next_purpose = 'COUNTER'",
    "UPDATE {}.grid_orders SET status = 'FILLED', filled_quantity = %(price)s, booked_quantity = %(price)s,"
    " booked_quote = %(price)s, fee = %(price)s, followed_up = true, filled_at = now() WHERE id = %(id)s",
)


class FillRows:
    """Copies in a schema of its own, on a connection of its own, for one thread."""

    def __init__(self, schema: str) -> None:
        self._schema = sql.Identifier(schema)
        self._open = ExitStack()
        url = make_url(settings().database_url).set(drivername="postgresql")
        self._connection: Connection[dict[str, Any]] = self._open.enter_context(
            psycopg.connect(url.render_as_string(hide_password=False), autocommit=True, row_factory=dict_row)
        )
        self._connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {0} CASCADE; CREATE SCHEMA {0}").format(self._schema))
        *_, self._order, self._fill = [self._copied(table) for table in _TABLES]
        self._updates = [sql.SQL(update).format(self._schema) for update in _UPDATES]
        self._insert_order = self._insert("grid_orders", self._order)
        self._insert_fill = self._insert("fills", self._fill)
        self._numbers = count(self._order["id"] + 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def commit(self, fills: int = 1) -> None:
        """The five rows of so many fills, all statements in one round trip, the commit in another."""
        with self._connection.transaction(), self._connection.pipeline():
            for _ in range(fills):
                self._write(next(self._numbers))

    def _write(self, number: int) -> None:
        for update in self._updates:
            self._connection.execute(update, {"price": number, "id": number - 1}, prepare=True)
        key = {"id": number, "sequence": number, "client_order_id": str(number), "trade_id": str(number)}
        self._connection.execute(self._insert_order, self._order | key, prepare=True)
        self._connection.execute(self._insert_fill, self._fill | key, prepare=True)

    def _copied(self, table: str) -> dict[str, Any]:
        """Makes the copy with its keys and indexes and the newest row of the real one, which is returned."""
        names = self._schema, sql.Identifier(table)
        self._connection.execute(sql.SQL("CREATE TABLE {0}.{1} (LIKE public.{1} INCLUDING ALL)").format(*names))
        copy = sql.SQL("INSERT INTO {0}.{1} SELECT * FROM public.{1} ORDER BY id DESC LIMIT 1 RETURNING *")
        row = self._connection.execute(copy.format(*names)).fetchone()
        assert row is not None, f"{table} is empty: let a grid fill first"
        return row

    def _insert(self, table: str, row: dict[str, Any]) -> sql.Composed:
        return sql.SQL("INSERT INTO {}.{} ({}) VALUES ({})").format(
            self._schema,
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(map(sql.Placeholder, row)),
        )
