"""One user of the demo with one grid, all through the HTTP API."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.clock import monotonic, sleep
from stack.api import Api

_ACTION_S = 60.0
_BOOKS_S = 400.0  # the routine check of an account comes every 5 minutes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a grid has earned, in USDT, and the books of its account, which it is alone in."""

    strategy_type: str
    fills: int
    totals: dict[str, Any]
    account: dict[str, Any]

    @property
    def balances(self) -> bool:
        """The strategy's books, the account's, and nothing in the wallet that no line tells of."""
        untold = self.account["wallet_before"]
        closes = self.account["balance"] is True and untold is not None and not Decimal(untold)
        return self.totals["books_balance"] is True and closes


class Trader:
    def __init__(self, web_url: str, strategy_type: str) -> None:
        self.strategy_type = strategy_type
        self._api = Api(f"{web_url}/api/v1")
        self._grid = 0

    def open_account(self) -> None:
        email, password = f"demo-{secrets.token_hex(4)}@example.com", secrets.token_urlsafe(16)
        self._api.post("/auth/register", {"email": email, "password": password})
        self._api.login(email, password)
        self._api.post("/exchange-keys", {"exchange": "paper"})

    def create(self, parameters: dict[str, Any]) -> list[Decimal]:
        """Creates the grid; returns its lines, rising."""
        wanted = {**parameters, "strategy_type": self.strategy_type}
        preview = self._api.post("/grid/preview/paper", wanted)
        self._grid = self._api.post("/grid/create/paper", wanted)["id"]
        return [Decimal(line) for line in preview["lines"]]

    def start(self) -> None:
        self._api.post(f"/grid/start/paper/{self._grid}")

    def stop(self) -> None:
        self._api.post(f"/grid/stop/paper/{self._grid}", {"close_position": True})

    def detail(self) -> dict[str, Any]:
        return dict(self._api.get(f"/grid/detail/paper/{self._grid}"))

    def wait_for(self, status: str) -> None:
        deadline = monotonic() + _ACTION_S
        while (grid := self.detail())["status"] != status:
            if monotonic() > deadline or grid["status"] == "FAILED":
                raise TimeoutError(f"{self.strategy_type} is {grid['status']} instead of {status}: {grid}")
            sleep(0.2)

    def outcome(self) -> Outcome:
        """The result once the books have been compared with the venue's after the last fill, or at last without."""
        fills = self._api.get_all(f"/grid/fills/paper/{self._grid}")
        last = max(datetime.fromisoformat(fill["traded_at"]) for fill in fills)
        deadline = monotonic() + _BOOKS_S
        while not _checked_after(account := self._account(), last) and monotonic() < deadline:
            sleep(1)
        totals = dict(self._api.get(f"/grid/performance/paper/{self._grid}"))
        return Outcome(self.strategy_type, len(fills), totals, account)

    def _account(self) -> dict[str, Any]:
        return dict(self._api.get("/portfolio/paper")["books"])


def _checked_after(books: dict[str, Any], moment: datetime) -> bool:
    """The account is checked after its strategies."""
    checked = books["checked_at"]
    return books["balance"] is not None and checked is not None and datetime.fromisoformat(checked) > moment
