"""Makes the listener processes equal the accounts that trade: one child each, forked from this preloaded parent.

It holds no thread and no connection when it forks, and loads only what a listener needs: who is to be listened to it
asks another process. Leases spread the accounts over hosts.
"""

import gc
import os
import signal
import sys

import structlog
from setproctitle import setproctitle

from core import bus, clock, exchange
from core.config import settings
from core.logs import configure_logging
from tasks import listener, ringing
from tasks.claims import CLAIM, LOOK, RELEASE, Account, Claims

log = structlog.get_logger()

LOOP = 0.5  # seconds
CLAIM_EVERY = 2.0  # seconds
RESTART_AFTER = 1.0  # seconds: a child that dies at once must not fork in a loop


class Supervisor:
    def __init__(self) -> None:
        self._children: dict[int, int] = {}  # account id -> pid
        self._forked_at: dict[int, float] = {}  # steady clock: the host's may step
        self._claims = Claims()
        self._claimed_at = float("-inf")
        self._wanted: dict[int, Account] = {}
        self._ending = False

    def run(self) -> None:
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, self._end)
        while not self._ending:
            self._reap()
            self._claim()
            self._match()
            bus.show_life("listener")
            bus.disconnect()
            clock.sleep(LOOP)
        self._stop(list(self._children))
        self._claims.ask(RELEASE)
        self._claims.close()

    def _end(self, _signal: int, _frame: object) -> None:
        self._ending = True

    def _claim(self) -> None:
        """Where the database is away the children stay: nobody else can have taken the leases over either."""
        is_due = clock.monotonic() - self._claimed_at >= CLAIM_EVERY or set(self._wanted) != set(self._children)
        accounts = self._claims.ask(CLAIM if is_due else LOOK)
        if accounts is not None:
            self._wanted = {account.id: account for account in accounts}
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
        return account.deaf_at is not None and self._forked_at[account_id] < account.deaf_at

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
    exchange.preload()
    ringing.preload()
    gc.freeze()  # a child's collections would write to, and so copy, every page that it shares with the others
    Supervisor().run()


if __name__ == "__main__":
    main()
