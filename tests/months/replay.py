"""The month itself: the market moves on when every grid is whole again, or has ended and begun anew."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.clock import monotonic, sleep
from tests.chaos.oracle import Oracle, Violation
from tests.chaos.oracle.rows import engine_of, read
from tests.months.grids import BALANCE, ENDED, Account, Grid
from tests.months.market import SYMBOL, Recording, leads_nowhere
from tests.support.stack import Stack
from tests.support.waiting import wait_until

KINDS = ("stops", "trailing", "updated")
WHOLE_S = 60.0
BOOKS_S = 60.0
LOOK_EVERY_S = 0.5  # at the grids themselves; until then the orders at the venue are counted


@dataclass(frozen=True, slots=True)
class Outcome:
    """A grid's figures at the end. `ends`: how often the system has ended it; `steps`: trailing ones."""

    kind: str
    strategy_type: str
    fills: int
    ends: int
    updates: int
    steps: int
    totals: dict[str, Any]


class Month:
    def __init__(self, stack: Stack, market: Recording) -> None:
        self._stack = stack
        self._market = market
        self._at = market.opened
        stack.venue.move(SYMBOL, market.opened)
        self.accounts = [Account(stack, kind, market) for kind in KINDS]
        self._resting = 0

    def run(self) -> Iterator[None]:
        """Yields after each candle."""
        for account in self.accounts:
            account.start()
        lines = self._wait_until_whole()
        updates, last = [len(self._market.candles) * part // 3 for part in (1, 2)], 0
        for number, price, rate in self._market.points():
            if number > last:
                last = number
                yield
            if updates and number == updates[0]:
                updates.pop(0)
                self._update(is_first=bool(updates))
                lines = self._wait_until_whole()
            if rate is not None:
                self._go_to(price)
                self._stack.venue.pay_funding(SYMBOL, rate)
                lines = self._wait_until_whole()
            elif not leads_nowhere(price, self._at, lines):
                self._go_to(price)
                lines = self._wait_until_whole()

    def end(self) -> None:
        """All stopped and closed."""
        for account in self.accounts:
            account.user.api.post("/grid/stop-all/paper", {"close_position": True})
        for account in self.accounts:
            wait_until(lambda a=account: _has_ended(a), WHOLE_S, f"the grids of {account.kind} have ended")

    def untrue(self) -> list[Violation]:
        """What is not in the books, some time after the last fill: of strategies and accounts, to the last digit, by
        the oracle and by the accounts' own check."""
        keys = self._stack.environment["CREDENTIALS_KEYS"].split(",")
        oracle = Oracle(self._stack.environment["DATABASE_URL"], self._stack.paper_url, keys)
        deadline = monotonic() + BOOKS_S
        found = self._found(oracle)
        while found and monotonic() < deadline:
            sleep(1)
            found = self._found(oracle)
        oracle.close()
        return found

    def outcomes(self) -> list[Outcome]:
        engine = engine_of(self._stack.environment["DATABASE_URL"])
        events = Counter((row["strategy_id"], row["code"]) for row in read(engine).events)
        engine.dispose()
        return [_outcome(grid, events) for account in self.accounts for grid in account.grids]

    def _found(self, oracle: Oracle) -> list[Violation]:
        mine = [account.user.key_id for account in self.accounts]
        return [*oracle.everything(mine), *map(_of_wallet, filter(_differs, self.accounts))]

    def _go_to(self, price: Decimal) -> None:
        self._stack.venue.move(SYMBOL, price)
        self._at = price

    def _update(self, *, is_first: bool) -> None:
        account = next(one for one in self.accounts if one.kind == "updated")
        for task in account.update(self._market, is_first=is_first):
            wait_until(lambda t=task: _is_done(account, t), WHOLE_S, "the update is done")

    def _wait_until_whole(self) -> list[Decimal]:
        """The prices of the orders that rest then, rising."""
        deadline, look_at = monotonic() + WHOLE_S, monotonic() + LOOK_EVERY_S
        keys = {account.user.api_key for account in self.accounts}
        while True:
            orders = [one for one in self._stack.venue.orders(SYMBOL, state="NEW") if one["account"] in keys]
            if self._resting and len(orders) == self._resting:
                return sorted(Decimal(order["price"]) for order in orders)
            if not self._resting or monotonic() > look_at:
                self._resting, look_at = self._intended(), monotonic() + LOOK_EVERY_S
            if monotonic() > deadline:
                raise TimeoutError(f"{len(orders)} of {self._resting} levels live after {WHOLE_S:.0f} s")
            sleep(0.03)

    def _intended(self) -> int:
        """Of all grids; what has ended begins anew. 0 while one is on its way to another state."""
        levels = 0
        for account in self.accounts:
            details = account.details()
            for grid in account.grids:
                row = details[grid.id]
                if row["status"] in ENDED:
                    account.begin_anew(grid, self._at)
                levels += row["intended_levels"] if row["status"] == "RUNNING" else 0
                if row["status"] not in ("RUNNING", "PAUSED"):
                    return 0
        return levels


def _has_ended(account: Account) -> bool:
    return all(row["status"] in ENDED for row in account.details().values())


def _is_done(account: Account, task_id: str) -> bool:
    task = account.user.api.get(f"/tasks/{task_id}")
    if task["state"] == "FAILURE":
        raise AssertionError(task["error"])
    return bool(task["state"] == "SUCCESS")


def _outcome(grid: Grid, events: Mapping[tuple[int, str], int]) -> Outcome:
    ends, updates, steps = (events.get((grid.id, code), 0) for code in ("finished", "updated", "trailed"))
    totals = dict(grid.user.api.get(f"/grid/performance/paper/{grid.id}"))
    return Outcome(grid.kind, grid.strategy_type, len(grid.user.fills(grid.id)), ends, updates, steps, totals)


def _books(account: Account) -> dict[str, Any]:
    return dict(account.user.api.get("/portfolio/paper")["books"])


def _differs(account: Account) -> bool:
    books = _books(account)
    is_told = books["wallet_before"] is not None and Decimal(books["wallet_before"]) == 0
    return not (books["balance"] is True and is_told)


def _of_wallet(account: Account) -> Violation:
    return Violation("the account's own books close", f"{account.kind}, which began with {BALANCE}: {_books(account)}")
