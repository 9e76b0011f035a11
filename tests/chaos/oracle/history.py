"""What became of rows over time. A database trigger writes each change down, so that no change between two readings
is missed; the system knows nothing of it."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, text

from tests.chaos.oracle.checks import Facts, always
from tests.chaos.oracle.rows import FINAL, Row, Rows, amount

_RANK = {"PENDING": 0, "SUBMITTED": 0, "UNKNOWN": 0, "PLACED": 1, "PARTIALLY_FILLED": 2} | dict.fromkeys(FINAL, 3)
_FIXED = ("client_order_id", "strategy_id", "cell_index", "sequence", "side", "price", "quantity")
_MOVES = {
    "CREATED": {"WAITING", "STARTING"},
    "WAITING": {"STARTING", "STOPPING"},
    "STARTING": {"RUNNING", "STOPPING", "FAILED"},
    "RUNNING": {"PAUSED", "STOPPING"},
    "PAUSED": {"RUNNING", "STOPPING"},
    # a reset goes on to the next run in the transaction in which the last one ends
    "STOPPING": {"STOPPED", "FINISHED", "FAILED", "STARTING", "WAITING"},
    # STOPPING from an end: a reset that first closes what the last run has left
    "STOPPED": {"WAITING", "STARTING", "STOPPING"},
    "FINISHED": {"WAITING", "STARTING", "STOPPING"},
    "FAILED": {"WAITING", "STARTING", "STOPPING"},
}
_INSTALL = """
CREATE TABLE oracle_history (
    id bigserial PRIMARY KEY, source text NOT NULL, was jsonb NOT NULL, became jsonb);
CREATE FUNCTION oracle_remember() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO oracle_history (source, was, became)
    VALUES (TG_TABLE_NAME, to_jsonb(OLD), CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(NEW) END);
    RETURN NULL;
END $$;
CREATE TRIGGER oracle_orders AFTER UPDATE ON grid_orders FOR EACH ROW
    WHEN ((OLD.status, OLD.filled_quantity, OLD.booked_quantity, OLD.client_order_id, OLD.quantity)
          IS DISTINCT FROM (NEW.status, NEW.filled_quantity, NEW.booked_quantity, NEW.client_order_id, NEW.quantity))
    EXECUTE FUNCTION oracle_remember();
CREATE TRIGGER oracle_strategies AFTER UPDATE ON grid_strategies FOR EACH ROW
    WHEN (OLD.status <> NEW.status OR OLD.next_sequence > NEW.next_sequence OR OLD.generation > NEW.generation)
    EXECUTE FUNCTION oracle_remember();
CREATE TRIGGER oracle_cursors AFTER UPDATE OR DELETE ON trade_cursors FOR EACH ROW EXECUTE FUNCTION oracle_remember();
CREATE TRIGGER oracle_fills AFTER UPDATE OR DELETE ON fills FOR EACH ROW EXECUTE FUNCTION oracle_remember();
CREATE TRIGGER oracle_incomes AFTER UPDATE OR DELETE ON incomes FOR EACH ROW EXECUTE FUNCTION oracle_remember();
CREATE TRIGGER oracle_fundings AFTER UPDATE OR DELETE ON fundings FOR EACH ROW EXECUTE FUNCTION oracle_remember();
CREATE TRIGGER oracle_no_deletes AFTER DELETE ON grid_orders FOR EACH ROW EXECUTE FUNCTION oracle_remember();
"""
# What may change in a row that is only ever added to: whose a trade is, when its order has become known.
_MAY_CHANGE = {"fills": {"strategy_id", "grid_order_id", "cell_index", "grid_index"}}


def keep_history(engine: Engine) -> None:
    """PostgreSQL only, on a database of tests. The triggers change nothing that the system can see."""
    with engine.begin() as connection:
        connection.execute(text(_INSTALL))


class History:
    """Reads on from where it was."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._last = 0
        self._is_kept: bool | None = None

    def changes(self) -> list[Row]:
        """Since the last call; none where no history is kept."""
        with self._engine.connect() as connection:
            if self._is_kept is None:
                found = "SELECT count(*) FROM information_schema.tables WHERE table_name = 'oracle_history'"
                is_postgres = self._engine.dialect.name == "postgresql"
                self._is_kept = is_postgres and bool(connection.scalar(text(found)))
            if not self._is_kept:
                return []
            new = connection.execute(
                text("SELECT * FROM oracle_history WHERE id > :last ORDER BY id"), {"last": self._last}
            )
            rows = [dict(row) for row in new.mappings()]
        self._last = max([self._last, *(row["id"] for row in rows)])
        return rows


@always("states never went down")
def states_never_went_down(facts: Facts) -> Iterator[str]:
    """Nor did cursors and sequences move back, and nothing that is only added to was changed or removed."""
    now = facts.after
    accounts = {row["id"] for row in now.accounts}
    for change in facts.changes:
        was, became = change["was"], change["became"]
        if was.get("account_id", next(iter(accounts), None)) not in accounts:
            continue
        if change["source"] == "grid_orders":
            yield from _order_faults(was, became, now)
        elif change["source"] == "grid_strategies":
            yield from _strategy_faults(was, became)
        elif change["source"] == "trade_cursors":
            if became is None or became["trade_id"] < was["trade_id"]:
                yield f"the cursor of {was['symbol']}, account {was['account_id']}, moved back from {was['trade_id']}"
        else:
            yield from _ledger_faults(change["source"], was, became)


def _order_faults(was: Row, became: Row | None, now: Rows) -> Iterator[str]:
    name = was["client_order_id"]
    if became is None:
        yield f"{name} was deleted"
        return
    for column in _FIXED:
        is_meant = column == "quantity" and was["trigger_price"] is not None  # what is closed at the trigger, is
        if was[column] != became[column] and not is_meant:
            yield f"{name}: {column} changed from {was[column]} to {became[column]}"
    if name in now.ghosts:
        return
    if was["status"] in FINAL and became["status"] != was["status"]:
        yield f"{name} was {was['status']} and became {became['status']}"
    elif _RANK[became["status"]] < _RANK[was["status"]]:
        yield f"{name} went down from {was['status']} to {became['status']}"
    for column in ("filled_quantity", "booked_quantity"):
        if amount(became[column]) < amount(was[column]):
            yield f"{name}: {column} went down from {was[column]} to {became[column]}"


def _strategy_faults(was: Row, became: Row) -> Iterator[str]:
    name = f"strategy {was['id']}"
    if was["status"] != became["status"] and became["status"] not in _MOVES[was["status"]]:
        yield f"{name} went from {was['status']} to {became['status']}"
    for column in ("next_sequence", "generation"):
        if became[column] < was[column]:
            yield f"{name}: {column} went down from {was[column]} to {became[column]}"


def _ledger_faults(source: str, was: Row, became: dict[str, Any] | None) -> Iterator[str]:
    if became is None:
        yield f"row {was['id']} of {source} was deleted"
        return
    changed = {column for column in was if was[column] != became[column]} - _MAY_CHANGE.get(source, set())
    if changed:
        yield f"row {was['id']} of {source} was changed: {', '.join(sorted(changed))}"
    if source == "fills" and was["grid_order_id"] not in (None, became["grid_order_id"]):
        yield f"row {was['id']} of fills was taken from its order"
