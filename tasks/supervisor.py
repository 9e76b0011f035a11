"""Makes the listener processes equal the accounts that trade: one child each, forked from this preloaded parent.

It holds no thread and no connection when it forks. Leases spread the accounts over hosts.
"""

import gc
import os
import signal
import sys
from dataclasses import dataclass
from datetime import datetime

import structlog
from setproctitle import setproctitle
from sqlalchemy import Select, select

from core import bus, clock, exchange, leases
from core.config import settings
from core.credentials import credentials_of
from core.db import Session, follow_its_clock, hold_no_connections
from core.domain.lifecycle import ACTIVE
from core.errors import DatabaseUnavailable
from core.logs import configure_logging
from core.models import ExchangeApi, GridStrategy
from tasks import app, listener

log = structlog.get_logger()

LOOP = 0.5  # seconds
CLAIM_EVERY = 2.0  # seconds
RESTART_AFTER = 1.0  # seconds: a child that dies at once must not fork in a loop


@dataclass(frozen=True, slots=True)
class Account:
    id: int
    exchange: str
    api_key: str
    deaf_at: datetime | None

    @property
    def lease(self) -> str:
        return f"listener:{self.id}"


class Supervisor:
    def __init__(self) -> None:
        self._children: dict[int, int] = {}  # account id -> pid
        self._forked_at: dict[int, float] = {}  # steady clock: the host's may step
        self._owner = leases.host_id()
        self._claimed_at = float("-inf")
        self._active: set[int] = set()  # ids of all who traded when the leases were last claimed, ours or not
        self._wanted: dict[int, Account] = {}
        self._ending = False

    def run(self) -> None:
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, self._end)
        while not self._ending:
            self._reap()
            if self.is_to_claim():
                self.claim()
            self._match()
            bus.show_life("listener")
            bus.disconnect()
            clock.sleep(LOOP)
        self._stop(list(self._children))
        self._release()

    def _end(self, _signal: int, _frame: object) -> None:
        self._ending = True

    def is_to_claim(self) -> bool:
        due = clock.monotonic() - self._claimed_at >= CLAIM_EVERY
        return due or set(self._wanted) != set(self._children) or self._activity_has_changed()

    def _activity_has_changed(self) -> bool:
        """Asked in every loop: an account whose first grid starts is to be heard when its orders rest."""
        try:
            with Session.reading() as session:
                return set(session.scalars(_active_accounts().with_only_columns(ExchangeApi.id))) != self._active
        except DatabaseUnavailable:
            return False

    def claim(self) -> None:
        """Reads who trades and which of them are ours. Where the database is away the children stay: without a
        database nobody else can have taken the leases over."""
        try:
            with Session.begin() as session:
                accounts = [_account(row) for row in session.scalars(_active_accounts())]
                held = leases.claim(session, [account.lease for account in accounts], self._owner)
        except DatabaseUnavailable as error:
            log.warning("the database is away", error=str(error))
            return
        self._active = {account.id for account in accounts}
        self._wanted = {account.id: account for account in accounts if account.lease in held}
        self._claimed_at = clock.monotonic()

    def _match(self) -> None:
        self._stop([account_id for account_id in self._children if self._is_to_go(account_id)])
        for account_id, account in self._wanted.items():
            if account_id not in self._children and self._may_fork(account_id):
                self._children[account_id] = _fork(account)
                self._forked_at[account_id] = clock.monotonic()

    def _is_to_go(self, account_id: int) -> bool:
        """Not ours any more, or older than the moment at which its stream was found deaf."""
        account = self._wanted.get(account_id)
        if account is None:
            return True
        if account.deaf_at is None:
            return False
        age = clock.monotonic() - self._forked_at[account_id]
        return age > (clock.now() - account.deaf_at).total_seconds()

    def _may_fork(self, account_id: int) -> bool:
        return clock.monotonic() - self._forked_at.get(account_id, float("-inf")) >= RESTART_AFTER

    def _reap(self) -> None:
        for account_id, pid in list(self._children.items()):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                log.warning("a listener ended", account_id=account_id, status=status)
                del self._children[account_id]

    def _stop(self, account_ids: list[int]) -> None:
        for account_id in account_ids:
            pid = self._children.pop(account_id)
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)

    def _release(self) -> None:
        try:
            with Session.begin() as session:
                leases.release(session, [account.lease for account in self._wanted.values()], self._owner)
        except DatabaseUnavailable as error:
            log.warning("leases not released: they expire", error=str(error))


def _active_accounts() -> Select[ExchangeApi]:
    active = select(GridStrategy.account_id).where(GridStrategy.status.in_(ACTIVE))
    return select(ExchangeApi).where(ExchangeApi.id.in_(active), ExchangeApi.status == "OK")


def _account(row: ExchangeApi) -> Account:
    return Account(row.id, row.exchange, credentials_of(row).api_key.reveal(), row.deaf_at)


def _fork(account: Account) -> int:
    """The child's pid. The child never returns from here."""
    supervisor_pid = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        listener.run(account.id, account.exchange, account.api_key, supervisor_pid)
    except BaseException:
        log.exception("the listener died", account_id=account.id)
    finally:
        sys.stderr.flush()
        os._exit(1)


def main() -> None:
    configure_logging()
    setproctitle("gridkeeper: listener supervisor")
    settings()
    hold_no_connections()
    follow_its_clock()
    exchange.preload()
    app.preload()
    gc.freeze()  # a child's collections would write to, and so copy, every page that it shares with the others
    Supervisor().run()


if __name__ == "__main__":
    main()
