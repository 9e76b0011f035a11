"""The venue's memory: one SQLite file that holds the state it restarts from, and all that is over.

Every call's changes are one transaction, committed before anybody is told of them, so that a killed process has lost
nothing it said. The file is not synced to disk: the operating system outlives the process.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from core.paper.engine.candles import Candle
from core.paper.engine.exchange import Changes
from core.paper.server import kept, render

_SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (id INTEGER PRIMARY KEY, doc BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS holdings (
    account INTEGER NOT NULL, symbol TEXT NOT NULL, doc BLOB NOT NULL, PRIMARY KEY (account, symbol)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY, account INTEGER NOT NULL, symbol TEXT NOT NULL, client_id TEXT NOT NULL,
    status TEXT NOT NULL, time INTEGER NOT NULL, doc BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS orders_of_account ON orders (account, symbol, id);
CREATE INDEX IF NOT EXISTS orders_by_client_id ON orders (client_id);
CREATE INDEX IF NOT EXISTS open_orders ON orders (id) WHERE status IN ('NEW', 'PARTIALLY_FILLED');
CREATE TABLE IF NOT EXISTS trades (
    account INTEGER NOT NULL, symbol TEXT NOT NULL, id INTEGER NOT NULL, order_id INTEGER NOT NULL,
    time INTEGER NOT NULL, doc BLOB NOT NULL, PRIMARY KEY (account, symbol, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS trades_of_order ON trades (order_id);
CREATE TABLE IF NOT EXISTS incomes (
    id INTEGER PRIMARY KEY, account INTEGER NOT NULL, symbol TEXT NOT NULL, type TEXT NOT NULL,
    time INTEGER NOT NULL, doc BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS incomes_of_account ON incomes (account, time);
CREATE TABLE IF NOT EXISTS algos (
    id INTEGER PRIMARY KEY, account INTEGER NOT NULL, symbol TEXT NOT NULL, client_id TEXT NOT NULL,
    status TEXT NOT NULL, doc BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS algos_of_account ON algos (account, id);
CREATE TABLE IF NOT EXISTS markets (symbol TEXT PRIMARY KEY, doc BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS listings (symbol TEXT PRIMARY KEY, doc BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fundings (symbol TEXT NOT NULL, time INTEGER NOT NULL, doc BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS fundings_of_symbol ON fundings (symbol, time);
CREATE TABLE IF NOT EXISTS candles (
    symbol TEXT NOT NULL, opened INTEGER NOT NULL, doc BLOB NOT NULL, PRIMARY KEY (symbol, opened)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


class Store:
    """`folder` is where the file lives; None keeps everything in this process's memory."""

    def __init__(self, folder: Path | None) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        file = ":memory:" if folder is None else str(folder / "paper.db")
        self._db = sqlite3.connect(file, isolation_level=None)
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + _SCHEMA)

    def close(self) -> None:
        self._db.close()

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._db.execute(sql, values).fetchall()

    def docs(self, sql: str, *values: Any) -> list[orjson.Fragment]:
        """The one column of each row: stored answers, ready to be put into one."""
        return [orjson.Fragment(row[0]) for row in self._db.execute(sql, values)]

    def value(self, sql: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        row = self._db.execute(sql, values).fetchone()
        return None if row is None else row[0]

    def note(self, name: str) -> str | None:
        found: str | None = self.value("SELECT value FROM notes WHERE name = ?", name)
        return found

    def write_note(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, value))

    def write_listing(self, symbol: str, listing: dict[str, Any]) -> None:
        self._db.execute("INSERT OR REPLACE INTO listings VALUES (?, ?)", (symbol, orjson.dumps(listing)))

    def write_candles(self, candles: Iterable[tuple[str, Candle]]) -> None:
        rows = ((symbol, one.opened, orjson.dumps(kept.candle(one))) for symbol, one in candles)
        self._many("INSERT OR REPLACE INTO candles VALUES (?, ?, ?)", rows)

    def write(self, changes: Changes) -> None:
        """One call's changes, all or none."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._write_trading(changes)
            self._write_state(changes)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _write_trading(self, changes: Changes) -> None:
        if changes.orders:
            self._many(
                "INSERT OR REPLACE INTO orders VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    (o.id, o.account_id, o.symbol, o.client_id, o.status, o.time, orjson.dumps(render.queried(o)))
                    for o in changes.orders.values()
                ),
            )
        if changes.trades:
            self._many(
                "INSERT INTO trades VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (t.account_id, t.symbol, t.id, t.order_id, t.time, orjson.dumps(render.trade(t)))
                    for t in changes.trades
                ),
            )
        if changes.incomes:
            self._many(
                "INSERT INTO incomes VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (i.id, i.account_id, i.symbol, i.type, i.time, orjson.dumps(render.income(i)))
                    for i in changes.incomes
                ),
            )
        if changes.algos:
            self._many(
                "INSERT OR REPLACE INTO algos VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (a.id, a.account_id, a.symbol, a.client_id, a.status, orjson.dumps(render.algo(a)))
                    for a in changes.algos.values()
                ),
            )

    def _write_state(self, changes: Changes) -> None:
        for one in changes.accounts.values():
            self._one("INSERT OR REPLACE INTO accounts VALUES (?, ?)", one.id, orjson.dumps(kept.account(one)))
        for (account_id, symbol), holding in changes.holdings.items():
            doc = orjson.dumps(kept.holding(holding))
            self._one("INSERT OR REPLACE INTO holdings VALUES (?, ?, ?)", account_id, symbol, doc)
        for symbol, market in changes.markets.items():
            self._one("INSERT OR REPLACE INTO markets VALUES (?, ?)", symbol, orjson.dumps(kept.market(market)))
        for paid in changes.fundings:
            self._one("INSERT INTO fundings VALUES (?, ?, ?)", paid.symbol, paid.time, orjson.dumps(kept.funding(paid)))
        if changes.candles:
            self.write_candles(changes.candles)

    def _one(self, sql: str, *values: Any) -> None:
        self._db.execute(sql, values)

    def _many(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        self._db.executemany(sql, rows)
