"""The supervisor's eyes: reads who trades, and claims their leases. Ends with the supervisor, whose pipe it reads."""

import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Connection

import structlog
from setproctitle import setproctitle
from sqlalchemy import Select, select

from core import clock, leases
from core.credentials import credentials_of
from core.db import Session, follow_its_clock
from core.domain.lifecycle import ACTIVE
from core.errors import DatabaseUnavailable
from core.logs import configure_logging
from core.models import ExchangeApi, GridStrategy
from tasks.claims import CLAIM, RELEASE, Account, Answer

log = structlog.get_logger()


class Claiming:
    def __init__(self) -> None:
        self._owner = leases.host_id()
        self._active: set[int] = set()  # ids of all who traded when the leases were last claimed, ours or not
        self._held: set[str] = set()

    def answer(self, word: bytes) -> list[Account] | None:
        """None where nothing is known that was not before: also where the database is away, and so for everybody."""
        try:
            if word == RELEASE:
                return self._release()
            return self.claim() if word == CLAIM or self.activity_has_changed() else None
        except DatabaseUnavailable as error:
            log.warning("the database is away", error=str(error))
            return None

    def activity_has_changed(self) -> bool:
        """Asked every half second: an account whose first grid starts is to be heard when its orders rest."""
        with Session.reading() as session:
            return set(session.scalars(_active_accounts().with_only_columns(ExchangeApi.id))) != self._active

    def claim(self) -> list[Account]:
        with Session.begin() as session:
            rows = session.scalars(_active_accounts()).all()
            held = leases.claim(session, [_lease(row.id) for row in rows], self._owner)
        self._active, self._held = {row.id for row in rows}, held
        return [_account(row) for row in rows if _lease(row.id) in held]

    def _release(self) -> list[Account]:
        with Session.begin() as session:
            leases.release(session, self._held, self._owner)
        return []


def _active_accounts() -> Select[ExchangeApi]:
    active = select(GridStrategy.account_id).where(GridStrategy.status.in_(ACTIVE))
    return select(ExchangeApi).where(ExchangeApi.id.in_(active), ExchangeApi.status == "OK")


def _lease(account_id: int) -> str:
    return f"listener:{account_id}"


def _account(row: ExchangeApi) -> Account:
    deaf_at = None
    if row.deaf_at is not None:
        deaf_at = clock.monotonic() - (clock.now() - row.deaf_at).total_seconds()
    return Account(row.id, row.exchange, credentials_of(row).api_key.reveal(), deaf_at)


def main() -> None:
    configure_logging()
    setproctitle("gridkeeper: listener claims")
    for number in (signal.SIGINT, signal.SIGTERM):  # meant for the supervisor, which asks once more when it ends
        signal.signal(number, signal.SIG_IGN)
    follow_its_clock()
    claiming = Claiming()
    pipe: Connection[Answer, bytes] = Connection(int(sys.argv[1]))
    with suppress(EOFError, ConnectionError):
        while True:
            accounts = claiming.answer(pipe.recv())
            pipe.send(Answer(accounts, clock.ahead_ms()))


if __name__ == "__main__":
    main()
