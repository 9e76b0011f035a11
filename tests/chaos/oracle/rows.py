"""What the database says, read with the oracle's own queries: whole tables in one snapshot, amounts as Decimals."""

import hmac
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import orjson
from sqlalchemy import Engine, create_engine, text

Row = dict[str, Any]
TABLES = (
    "installation",
    "exchange_apis",
    "grid_strategies",
    "grid_cells",
    "grid_orders",
    "fills",
    "trade_cursors",
    "operations",
    "events",
    "symbol_rules",
)
_FUNDINGS = "SELECT f.*, i.account_id, i.symbol FROM fundings f JOIN incomes i ON i.id = f.income_id"
LIVE = ("PENDING", "SUBMITTED", "UNKNOWN", "PLACED", "PARTIALLY_FILLED")
RESTING = ("PLACED", "PARTIALLY_FILLED")
FINAL = ("FILLED", "CANCELED", "EXPIRED", "REJECTED")


@dataclass(frozen=True, slots=True)
class Intent:
    """What a client order id of ours says of itself. `cell` is None for orders without one."""

    strategy: int
    cell: int | None
    sequence: int
    purpose: str


class Rows:
    """One snapshot. With `accounts` (ids) only what belongs to them."""

    def __init__(self, tables: dict[str, list[Row]], accounts: Iterable[int] | None = None) -> None:
        wanted = None if accounts is None else set(accounts)

        def own(rows: list[Row], name: str = "account_id") -> list[Row]:
            return [row for row in rows if wanted is None or row[name] in wanted]

        self.installation = tables["installation"][0]
        self.accounts = own(tables["exchange_apis"], "id")
        self.strategies = own(tables["grid_strategies"])
        self.orders = own(tables["grid_orders"])
        self.fills = own(tables["fills"])
        self.fundings = own(tables["fundings"])
        self.cursors = own(tables["trade_cursors"])
        self.ticks = {row["symbol"]: amount(row["tick_size"]) for row in tables["symbol_rules"]}
        self.events = own(tables["events"])
        mine = {row["id"] for row in self.strategies}
        self.cells = [row for row in tables["grid_cells"] if row["strategy_id"] in mine]
        self.operations = [row for row in tables["operations"] if row["strategy_id"] in mine]

    @cached_property
    def grid(self) -> dict[int, list[Row]]:
        """The cells of each strategy's present run, lowest first, without those that an update or trailing dropped."""
        run = {row["id"]: row["generation"] for row in self.strategies}
        present = [row for row in self.cells if row["generation"] == run[row["strategy_id"]] and not row["dropped"]]
        by_strategy = grouped(
            sorted(present, key=lambda row: amount(row["lower_price"])), lambda row: row["strategy_id"]
        )
        return {number: by_strategy[number] for number in run}

    @cached_property
    def order_of(self) -> dict[str, Row]:
        """By client order id."""
        return {row["client_order_id"]: row for row in self.orders}

    @cached_property
    def ghosts(self) -> set[str]:
        """Client order ids of orders that were believed absent and appeared: each with an alarm."""
        alarms = [row for row in self.events if row["code"] == "ghost_order" and row["level"] == "ALARM"]
        return {json_of(row["data"])["client_order_id"] for row in alarms}

    def intent_of(self, client_order_id: str) -> Intent | None:
        """None where the id is not ours: its signature is computed here, from the installation's key."""
        body, _, mac = client_order_id.rpartition("-")
        key = bytes.fromhex(self.installation["id_key"])
        parts = body.split("-")
        signed = hmac.digest(key, body.encode(), "sha256").hex()[:8]
        if len(parts) != 5 or parts[0] != f"gk{self.installation['name']}" or mac != signed:
            return None
        cell = int(parts[3], 36) if parts[4][-1] in "OC" else None  # of no cell: m, which is cell 22 as well
        return Intent(int(parts[2], 36), cell, int(parts[4][:-1], 36), parts[4][-1])


def read(engine: Engine, accounts: Iterable[int] | None = None) -> Rows:
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        else:
            connection.exec_driver_sql("BEGIN")
        tables = {name: _table(connection.execute(text(f"SELECT * FROM {name}"))) for name in TABLES}
        tables["fundings"] = _table(connection.execute(text(_FUNDINGS)))
    return Rows(tables, accounts)


def engine_of(url: str) -> Engine:
    """One connection, bounded waits."""
    arguments = {} if url.startswith("sqlite") else {"connect_timeout": 2, "options": "-c statement_timeout=20000"}
    return create_engine(url, connect_args=arguments, pool_size=1, max_overflow=1, pool_pre_ping=True)


def amount(value: Any) -> Decimal:
    """PostgreSQL gives a Decimal, SQLite the text that was stored; None counts nothing."""
    return Decimal(0) if value is None else Decimal(str(value))


def total(rows: Iterable[Row], column: str) -> Decimal:
    return sum((amount(row[column]) for row in rows), Decimal(0))


def signed(rows: Iterable[Row], column: str = "quantity") -> Decimal:
    """Bought minus sold."""
    return sum((amount(row[column]) * sign(row["side"]) for row in rows), Decimal(0))


def sign(side: str) -> int:
    return 1 if side == "BUY" else -1


def grouped(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def json_of(value: Any) -> Any:
    return orjson.loads(value) if isinstance(value, str | bytes) else value


def _table(result: Any) -> list[Row]:
    return [dict(row) for row in result.mappings()]
