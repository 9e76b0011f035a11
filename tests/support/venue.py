"""The simulated exchange's admin surface."""

from decimal import Decimal
from typing import Any

from stack.api import Api


class Venue:
    def __init__(self, url: str) -> None:
        self.url = url
        self.admin = Api(f"{url}/paper/v1")

    def open_account(self, balance: Decimal | int = 10_000) -> tuple[str, str]:
        """API key and HMAC secret of a new account with `balance` USDT."""
        keys = self.admin.post("/accounts", {"balance": str(balance)})
        return keys["apiKey"], keys["secretKey"]

    def move(self, symbol: str, *path: Decimal | str, interval_ms: int = 0) -> None:
        """Walks the market along `path`; returns after all matching is done and its events are out."""
        prices = [str(price) for price in path]
        body = {"price": prices[0]} if len(prices) == 1 else {"path": prices, "interval_ms": interval_ms}
        self.admin.post(f"/market/{symbol}", body)

    def halt(self, symbol: str, halted: bool = True) -> None:
        self.admin.post(f"/market/{symbol}/halt", {"halted": halted})

    def pay_funding(self, symbol: str, rate: Decimal | str) -> None:
        self.admin.post(f"/funding/{symbol}", {"rate": str(rate)})

    def inject(self, kind: str, **parameters: Any) -> None:
        """A fault of the contract's table, until its `count` or `seconds`."""
        self.admin.post("/faults", {"kind": kind, **parameters})

    def restore_service(self) -> None:
        self.admin.delete("/faults")

    def orders(self, symbol: str, state: str | None = None) -> list[dict[str, Any]]:
        """Every order that ever was on a symbol, of every account."""
        return list(self.admin.get("/orders", symbol=symbol, **({"state": state} if state else {})))
