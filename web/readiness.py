"""What has to answer before the system is ready, each part with its reason when it does not."""

from collections.abc import Callable, Iterator
from functools import cache

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import select, text

from core import bus
from core.clock import now_ms
from core.config import ROOT
from core.db import Session
from core.deadline import Deadline
from core.errors import GridkeeperError, Unavailable
from core.markets import ask_venue
from core.models import ExchangeApi
from core.symbols import exchanges

ALIVE_FOR_MS = 10_000

Missing = dict[str, str]


def not_ready() -> list[Missing]:
    """The parts that are missing, as {part, reason}; all are asked at once, within 2.5 s."""
    deadline = Deadline(2.5)
    checks = {"database": _check_database, "broker": bus.ping, "venue": _check_venues}
    begun = {part: deadline.begin(check) for part, check in checks.items()}
    shown = deadline.begin(bus.last_life_ms)
    return [*_failed(begun), *_lifeless(shown)]


def _failed(begun: dict[str, Callable[[], None]]) -> Iterator[Missing]:
    for part, finished in begun.items():
        try:
            finished()
        except GridkeeperError as error:
            yield {"part": part, "reason": str(error)}


def _check_database() -> None:
    with Session.reading() as session:
        found = session.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    if found != [_head()]:
        raise Unavailable("schema_old", f"the schema is {', '.join(found) or 'empty'}, needed is {_head()}")


@cache
def _head() -> str:
    """The newest migration in the checkout."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return str(ScriptDirectory.from_config(config).get_current_head())


def _check_venues() -> None:
    """Every venue that an account is on; before there is any account, one venue is enough."""
    with Session.reading() as session:
        used = {name for name in session.scalars(select(ExchangeApi.exchange).distinct()) if name in exchanges()}
    if used:
        for name in used:
            ask_venue(name)
    else:
        _check_any()


def _check_any() -> None:
    reasons = []
    for name in exchanges():
        try:
            return ask_venue(name)
        except Unavailable as error:
            reasons.append(f"{name}: {error.message}")
    raise Unavailable("no_venue", "; ".join(reasons))


def _lifeless(finished: Callable[[], dict[str, int]]) -> Iterator[Missing]:
    try:
        shown = finished()
    except Unavailable:
        shown = {}
    for part in bus.PARTS:
        if part not in shown:
            yield {"part": part, "reason": "has shown no life"}
        elif (age := now_ms() - shown[part]) > ALIVE_FOR_MS:
            yield {"part": part, "reason": f"showed its last life {age / 1000:.0f} s ago"}
