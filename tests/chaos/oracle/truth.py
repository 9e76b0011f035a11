"""What the venue says, read over its own REST interface and its list of every order that ever was.

Every reading comes from another loopback address, so that the oracle's own weight is not counted with the system's.
"""

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any
from urllib.parse import urlencode

import httpx
from cryptography.fernet import Fernet, MultiFernet

from core.clock import now_ms
from tests.chaos.oracle.rows import Row

Json = dict[str, Any]
OPEN = ("NEW", "PARTIALLY_FILLED")
_PAGE = 1000
_THE_SYSTEMS = "127.0.0.1"
_SKEW_MS = 30_000  # the venue's clock may have been put back: its lines are read again from so long before
_addresses = count(2)


@dataclass(slots=True)
class AccountTruth:
    """Trades by (symbol, id), income lines by (type, transaction, asset): they are only ever added to."""

    trades: dict[tuple[str, int], Json] = field(default_factory=dict)
    incomes: dict[tuple[str, str, str], Json] = field(default_factory=dict)
    positions: dict[str, Decimal] = field(default_factory=dict)
    wallet: Decimal = Decimal(0)
    conditional: list[Json] = field(default_factory=list)  # those that wait for their trigger


@dataclass(slots=True)
class Truth:
    """`orders`: every order of the accounts asked for, oldest first, with the account's id."""

    orders: list[Json]
    accounts: dict[int, AccountTruth]
    asked: dict[str, int]  # what the system's address has asked for since the venue's start, and how often
    over_limit: dict[str, int]  # how often somebody crossed a limit since then


class VenueReader:
    def __init__(self, url: str, credentials_keys: Sequence[str]) -> None:
        self._url = url
        self._fernet = MultiFernet([Fernet(key) for key in credentials_keys])
        self._keys: dict[int, tuple[str, str]] = {}
        self._known: dict[int, AccountTruth] = {}

    def read(self, accounts: Sequence[Row], symbols: set[tuple[int, str]]) -> Truth:
        """`accounts`: their rows; `symbols`: (account id, symbol) pairs whose trades count."""
        with self._client(f"127.0.0.{2 + next(_addresses) % 250}") as http:
            keys = {self._keys_of(account)[0]: account["id"] for account in accounts}
            requests = _checked(http.get("/paper/v1/requests"))
            every = _checked(http.get("/paper/v1/orders"))
            orders = [{**one, "account": keys[one["account"]]} for one in every if one["account"] in keys]
            for account in accounts:
                traded = {symbol for number, symbol in symbols if number == account["id"]}
                self._read_account(
                    http, account, traded | {o["symbol"] for o in orders if o["account"] == account["id"]}
                )
        asked = {row["what"]: row["count"] for row in requests["asked"] if row["address"] == _THE_SYSTEMS}
        return Truth(orders, {row["id"]: self._known[row["id"]] for row in accounts}, asked, requests["overLimit"])

    def secrets(self) -> list[str]:
        """Of the accounts read so far."""
        return [secret for pair in self._keys.values() for secret in pair]

    def _read_account(self, http: httpx.Client, account: Row, symbols: set[str]) -> None:
        known = self._known.setdefault(account["id"], AccountTruth())
        ask = Asker(http, *self._keys_of(account))
        for symbol in sorted(symbols):
            for trade in self._new_trades(ask, known, symbol):
                known.trades[symbol, trade["id"]] = trade
        for line in self._new_incomes(ask, known):
            known.incomes[line["incomeType"], str(line["tranId"]), line["asset"]] = line
        known.conditional = ask("/fapi/v1/openAlgoOrders")
        known.positions = {row["symbol"]: Decimal(row["positionAmt"]) for row in ask("/fapi/v3/positionRisk")}
        known.wallet = sum((Decimal(row["balance"]) for row in ask("/fapi/v3/balance")), Decimal(0))

    @staticmethod
    def _new_trades(ask: "Asker", known: AccountTruth, symbol: str) -> Iterator[Json]:
        last = max((number for of, number in known.trades if of == symbol), default=0)
        while True:
            page = ask("/fapi/v1/userTrades", symbol=symbol, fromId=last + 1 if last else 0, limit=_PAGE)
            yield from page
            if len(page) < _PAGE:
                return
            last = page[-1]["id"]

    @staticmethod
    def _new_incomes(ask: "Asker", known: AccountTruth) -> Iterator[Json]:
        start = max(0, max((line["time"] for line in known.incomes.values()), default=0) - _SKEW_MS)
        while True:
            page = ask("/fapi/v1/income", startTime=start, limit=_PAGE)
            yield from page
            if len(page) < _PAGE:
                return
            start = page[-1]["time"]

    def _keys_of(self, account: Row) -> tuple[str, str]:
        """API key and secret, out of the row's ciphertexts."""
        number = account["id"]
        if number not in self._keys:
            pair = [self._fernet.decrypt(account[name].encode()).decode() for name in ("api_key", "api_secret")]
            self._keys[number] = (pair[0].partition("\x1f")[2], pair[1].partition("\x1f")[2])
        return self._keys[number]

    def _client(self, address: str) -> httpx.Client:
        transport = httpx.HTTPTransport(local_address=address)
        return httpx.Client(base_url=self._url, transport=transport, timeout=10, trust_env=False)


class Asker:
    """Signed GETs of one HMAC account."""

    def __init__(self, http: httpx.Client, api_key: str, secret: str) -> None:
        self._http = http
        self._key = api_key
        self._secret = secret.encode()

    def __call__(self, path: str, **parameters: str | int) -> Any:
        return _checked(self._http.get(f"{path}?{self._signed(parameters)}", headers={"X-MBX-APIKEY": self._key}))

    def _signed(self, parameters: dict[str, str | int]) -> str:
        query = urlencode({**parameters, "timestamp": now_ms(), "recvWindow": 60_000})
        return f"{query}&signature={hmac.digest(self._secret, query.encode(), hashlib.sha256).hex()}"


def _checked(answer: httpx.Response) -> Any:
    answer.raise_for_status()
    return answer.json()
