"""The run's database: a copy of a migrated template, with triggers that note what must never happen to a row."""

import shutil
import sqlite3
from pathlib import Path

from core.db import engine
from tests.support.databases import migrate

_RANK = "CASE {}.status " + " ".join(
    f"WHEN '{status}' THEN {rank}"
    for status, rank in (
        ("PENDING", 0),
        ("SUBMITTED", 1),
        ("UNKNOWN", 1),
        ("PLACED", 2),
        ("PARTIALLY_FILLED", 3),
        ("EXPIRED", 4),
        ("REJECTED", 4),
        ("CANCELED", 5),
        ("FILLED", 6),
    )
)
_WRONGS = f"""
CREATE TABLE wrongs (text TEXT NOT NULL);
CREATE TRIGGER a_status_went_down AFTER UPDATE ON grid_orders
WHEN {_RANK.format("NEW")} END < {_RANK.format("OLD")} END
    AND NOT (OLD.status IN ('SUBMITTED', 'UNKNOWN') AND NEW.status = 'PENDING')
BEGIN INSERT INTO wrongs VALUES (OLD.client_order_id || ' went from ' || OLD.status || ' to ' || NEW.status); END;
CREATE TRIGGER an_order_unfilled AFTER UPDATE ON grid_orders
WHEN CAST(NEW.filled_quantity AS REAL) < CAST(OLD.filled_quantity AS REAL)
    OR CAST(NEW.booked_quantity AS REAL) < CAST(OLD.booked_quantity AS REAL)
BEGIN INSERT INTO wrongs VALUES (OLD.client_order_id || ' was filled and is so no longer'); END;
CREATE TRIGGER an_order_overbooked AFTER UPDATE ON grid_orders
WHEN CAST(NEW.booked_quantity AS REAL) > CAST(NEW.filled_quantity AS REAL) OR NEW.filled_quantity > NEW.quantity + 0
    AND CAST(NEW.filled_quantity AS REAL) > CAST(NEW.quantity AS REAL)
BEGIN INSERT INTO wrongs VALUES (OLD.client_order_id || ' was booked beyond its fills'); END;
CREATE TRIGGER a_cell_below_nothing AFTER UPDATE ON grid_cells WHEN CAST(NEW.held AS REAL) < 0
BEGIN INSERT INTO wrongs VALUES ('cell ' || OLD.id || ' holds ' || NEW.held); END;
CREATE TRIGGER a_cursor_went_back AFTER UPDATE ON trade_cursors WHEN NEW.trade_id < OLD.trade_id
BEGIN INSERT INTO wrongs VALUES ('the trade cursor went back'); END;
CREATE TRIGGER a_fill_changed AFTER UPDATE ON fills
WHEN OLD.strategy_id IS NOT NULL OR NEW.quantity <> OLD.quantity OR NEW.price <> OLD.price OR NEW.fee <> OLD.fee
BEGIN INSERT INTO wrongs VALUES ('fill ' || OLD.trade_id || ' was changed'); END;
CREATE TRIGGER a_fill_vanished AFTER DELETE ON fills
BEGIN INSERT INTO wrongs VALUES ('fill ' || OLD.trade_id || ' was deleted'); END;
"""


class Database:
    """`file` is where DATABASE_URL points."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._template = file.with_name("template.db")
        migrate(f"sqlite:///{self._template}")
        with sqlite3.connect(self._template) as template:
            # The same ids in every run: what is hashed decides the order of sets.
            template.execute("UPDATE installation SET name = 'simu', era = 1, id_key = ?", ("5e" * 32,))
            template.executescript(_WRONGS)
        template.close()

    def renew(self) -> None:
        """Empty again; nobody may be in a transaction."""
        engine().dispose()
        for leftover in self._file.parent.glob(f"{self._file.name}*"):
            leftover.unlink()
        shutil.copyfile(self._template, self._file)

    def keep_as_template(self) -> None:
        """What is in it now is in every renewed one."""
        engine().dispose()
        shutil.copyfile(self._file, self._template)
