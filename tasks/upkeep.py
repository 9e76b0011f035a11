"""The doors that beat rings. Every tick is idempotent; a second beat is harmless."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from core import bus, clock, equity, symbols, upkeep
from core.db import Session
from core.errors import DatabaseUnavailable, VenueRefused, VenueUnavailable
from core.exchange.base import KEY_CODES
from core.reconciliation import account, roll
from core.strategies import adapting, liquidity, margins
from core.strategies.stops import note_oddities
from tasks.app import app, ring, sender
from tasks.turns import Turns

log = structlog.get_logger()

LEAST_BETWEEN_SWEEPS = 0.5  # seconds; beat rings each second

_swept_at = float("-inf")
_busy: set[tuple[str, int]] = set()
_busy_lock = threading.Lock()


@app.task(name="tasks.upkeep.sweep")  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Rings everything that is committed and not done yet. Sweeps that have piled up while no worker ran are one."""
    global _swept_at  # noqa: PLW0603
    if clock.monotonic() - _swept_at < LEAST_BETWEEN_SWEEPS:
        return
    _swept_at = clock.monotonic()
    bus.show_life("worker")
    bus.show_life("beat")
    work = upkeep.find_work()
    for account_id in work.to_tend:
        ring("tasks.upkeep.tend", account_id)
    for account_id in work.to_reconcile:
        ring("tasks.upkeep.reconcile", account_id)
    for account_id, symbol in work.to_call:
        ring("tasks.upkeep.call_roll", account_id, symbol)


@app.task(name="tasks.upkeep.tend")  # type: ignore[untyped-decorator]
def tend(account_id: int) -> None:
    """Strategies in progress, orders that wait or are in doubt, bare cells."""
    with _once("tend", account_id) as free:
        if free:
            for consequences in upkeep.tend(account_id):
                sender().carry_out(consequences)


@app.task(name="tasks.upkeep.reconcile")  # type: ignore[untyped-decorator]
def reconcile(account_id: int) -> None:
    """What its orders and trades come to is sent before the books are read: they take longer, and can wait."""
    with _reading(account_id):
        with _once("reconcile", account_id) as free:
            if not free:
                return
            sender().carry_out(account.read_orders(account_id))
        tend(account_id)
        _books.take(account_id)


def _read_books(account_id: int) -> None:
    with _reading(account_id):
        account.read_books(account_id)


_books = Turns(_read_books)


@contextmanager
def _reading(account_id: int) -> Iterator[None]:
    """An account counts as read from the start: where that fails on the way, it is put down to be read again."""
    try:
        try:
            yield
        except (VenueUnavailable, VenueRefused) as error:
            log.warning("reconciliation put off", account_id=account_id, error=str(error))
            upkeep.put_off_reconciliation(account_id, error)
    except DatabaseUnavailable:
        bus.note_missed(account_id)
        raise


@app.task(name="tasks.upkeep.call_roll")  # type: ignore[untyped-decorator]
def call_roll(account_id: int, symbol: str) -> None:
    """One that is missed is made up for by the next; of what is asked of an account most often, it sees a key that is
    refused first."""
    try:
        roll.call(account_id, symbol)
    except (VenueUnavailable, VenueRefused) as error:
        log.info("no roll call", account_id=account_id, symbol=symbol, error=str(error))
        if isinstance(error, VenueRefused) and error.code in KEY_CODES:
            upkeep.put_off_reconciliation(account_id, error)


@app.task(name="tasks.upkeep.read_incomes")  # type: ignore[untyped-decorator]
def read_incomes(account_id: int) -> None:
    """The stream has told of a funding payment."""
    with _once("incomes", account_id) as free, _reading(account_id):
        if free:
            account.read_incomes(account_id)


@app.task(name="tasks.upkeep.snapshot")  # type: ignore[untyped-decorator]
def snapshot() -> None:
    equity.take_snapshots()


@app.task(name="tasks.upkeep.thin_snapshots")  # type: ignore[untyped-decorator]
def thin_snapshots() -> None:
    equity.thin()


@app.task(name="tasks.upkeep.judge_margins")  # type: ignore[untyped-decorator]
def judge_margins() -> None:
    with _once("margins", 0) as free:
        if free:
            margins.judge_all()


@app.task(name="tasks.upkeep.note_markets")  # type: ignore[untyped-decorator]
def note_markets(exchange: str, odd: dict[str, str]) -> None:
    """By symbol, why nothing is decided on its marks now; empty where they are as usual again."""
    with Session.begin() as session:
        note_oddities(session, exchange, odd)


@app.task(name="tasks.upkeep.watch_halts")  # type: ignore[untyped-decorator]
def watch_halts() -> None:
    upkeep.watch_halts()


@app.task(name="tasks.upkeep.watch_liquidity")  # type: ignore[untyped-decorator]
def watch_liquidity() -> None:
    liquidity.watch()


@app.task(name="tasks.upkeep.look_at_grids")  # type: ignore[untyped-decorator]
def look_at_grids() -> None:
    for strategy_id in adapting.running():
        ring("tasks.upkeep.look_at_grid", strategy_id)


@app.task(name="tasks.upkeep.look_at_grid")  # type: ignore[untyped-decorator]
def look_at_grid(strategy_id: int) -> None:
    """A trend is warned of; an adaptive grid moves, where that pays."""
    try:
        if adapting.look(strategy_id):
            ring("tasks.strategies.update", strategy_id)
    except (VenueUnavailable, VenueRefused) as error:
        log.warning("market not looked at", strategy_id=strategy_id, error=str(error))


@app.task(name="tasks.upkeep.refresh_rules")  # type: ignore[untyped-decorator]
def refresh_rules() -> None:
    for exchange in upkeep.exchanges_in_use():
        try:
            symbols.refresh_all(exchange)
        except (VenueUnavailable, VenueRefused) as error:
            log.warning("symbol rules not refreshed", exchange=exchange, error=str(error))


@contextmanager
def _once(kind: str, account_id: int) -> Iterator[bool]:
    """False where this process is at it already: the sweep rings each second, however long it takes."""
    key = (kind, account_id)
    with _busy_lock:
        free = key not in _busy
        _busy.add(key)
    try:
        yield free
    finally:
        if free:
            with _busy_lock:
                _busy.discard(key)
