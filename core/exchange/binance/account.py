"""An account's signed REST side."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Protocol

from core.domain.order import OrderNews, Trade
from core.domain.symbol_rules import Bracket
from core.errors import VenueRefused, VenueUnavailable
from core.exchange.base import AccountMode, Balance, Income, Position, SymbolSetting
from core.exchange.binance import outcomes, parse
from core.exchange.binance.listen_key import create_listen_key
from core.exchange.binance.numbers import decimal_of
from core.exchange.binance.rest import RestClient
from core.exchange.binance.signing import signed_query
from core.exchange.credentials import Credentials

PAGE = 1000
_ORDERS_WINDOW = 6 * 24 * 3600 * 1000  # ms; the venue takes less than seven days
_ALREADY_SET = -4046
_NO_SUCH_ORDER = (-2011, -2013)


class VenueTime(Protocol):
    """The venue's clock as this process knows it."""

    def now_ms(self) -> int: ...

    def measure(self) -> None: ...


class BinanceAccountApi:
    """Implements `base.AccountApi`. `wallet` is the host that tells the key's rights, None where there is none."""

    def __init__(
        self,
        rest: RestClient,
        wallet: RestClient | None,
        credentials: Credentials,
        time: VenueTime,
        recv_window: int,
    ) -> None:
        self._rest = rest
        self._wallet = wallet
        self._credentials = credentials
        self._time = time
        self._recv_window = recv_window

    @property
    def usage(self) -> Mapping[str, int]:
        return self._rest.usage

    def check_key(self) -> AccountMode:
        content = self._get("/fapi/v1/accountConfig")
        can_withdraw = self._can_withdraw()
        return parse.parsed(lambda row: parse.account_mode(row, can_withdraw), content)

    def _can_withdraw(self) -> bool:
        # accountConfig's canWithdraw is about the account (true for nearly all), not about the key.
        if self._wallet is None:
            return False
        rights = self._signed(self._wallet, "GET", "/sapi/v1/account/apiRestrictions", {})
        return parse.parsed(lambda row: bool(row["enableWithdrawals"]), rights)

    def brackets(self, symbol: str) -> tuple[Bracket, ...]:
        return parse.parsed(parse.brackets, self._get("/fapi/v1/leverageBracket", symbol=symbol))

    def commission(self, symbol: str) -> tuple[Decimal, Decimal]:
        row = self._get("/fapi/v1/commissionRate", symbol=symbol)
        names = ("makerCommissionRate", "takerCommissionRate")
        maker, taker = parse.parsed(lambda rates: [decimal_of(rates[name]) for name in names], row)
        return maker, taker

    def balances(self) -> list[Balance]:
        return parse.parsed(parse.each(parse.balance), self._get("/fapi/v3/balance"))

    def positions(self, symbol: str | None = None) -> list[Position]:
        return parse.parsed(parse.each(parse.position), self._get("/fapi/v3/positionRisk", **_named(symbol=symbol)))

    def symbol_setting(self, symbol: str) -> SymbolSetting:
        return parse.parsed(parse.symbol_setting, self._get("/fapi/v1/symbolConfig", symbol=symbol))

    def set_leverage(self, symbol: str, leverage: int) -> None:
        self._signed(self._rest, "POST", "/fapi/v1/leverage", {"symbol": symbol, "leverage": leverage})

    def set_margin_type(self, symbol: str, margin_type: str) -> None:
        try:
            self._signed(self._rest, "POST", "/fapi/v1/marginType", {"symbol": symbol, "marginType": margin_type})
        except VenueRefused as refused:
            if refused.code != _ALREADY_SET:
                raise

    def order(self, symbol: str, client_order_id: str) -> OrderNews | None:
        return self._order(symbol=symbol, origClientOrderId=client_order_id)

    def order_by_id(self, symbol: str, order_id: str) -> OrderNews | None:
        return self._order(symbol=symbol, orderId=order_id)

    def _order(self, **named: str | int) -> OrderNews | None:
        try:
            content = self._get("/fapi/v1/order", **named)
        except VenueRefused as refused:
            if refused.code in _NO_SUCH_ORDER:
                return None
            raise
        return parse.parsed(parse.order_news, content)

    def conditional_order(self, symbol: str, client_order_id: str) -> OrderNews | None:
        try:
            content = self._get("/fapi/v1/algoOrder", clientAlgoId=client_order_id)
        except VenueRefused as refused:
            if refused.code in _NO_SUCH_ORDER:
                return None
            raise
        news = parse.parsed(parse.conditional_news, content)
        made = self.order(symbol, client_order_id) if parse.parsed(parse.is_triggered, content) else None
        return news if made is None else replace(made, algo_id=news.algo_id)

    def open_conditional_orders(self, symbol: str) -> list[OrderNews]:
        return parse.parsed(parse.each(parse.conditional_news), self._get("/fapi/v1/openAlgoOrders", symbol=symbol))

    def open_orders(self, symbol: str | None = None) -> list[OrderNews]:
        return parse.parsed(parse.each(parse.order_news), self._get("/fapi/v1/openOrders", **_named(symbol=symbol)))

    def recent_orders(self, symbol: str, start: int) -> list[OrderNews]:
        found: dict[str, OrderNews] = {}
        end = self._time.now_ms() + 1000
        for first in range(start, end + 1, _ORDERS_WINDOW):
            for news in self._orders_between(symbol, first, min(first + _ORDERS_WINDOW - 1, end)):
                found[news.order_id] = news
        return sorted(found.values(), key=lambda news: int(news.order_id))

    def _orders_between(self, symbol: str, first: int, last: int) -> list[OrderNews]:
        """Every order created in [first, last] ms.

        A full page may be the oldest or the newest of its window (the venue's words and its answers differ), so the
        window is halved until no page is full.
        """
        rows = self._get("/fapi/v1/allOrders", symbol=symbol, startTime=first, endTime=last, limit=PAGE)
        page = parse.parsed(parse.each(parse.order_news), rows)
        if len(page) < PAGE:
            return page
        if first >= last:
            raise VenueUnavailable("more orders in one millisecond than a page holds", "unusable_answer")
        middle = (first + last) // 2
        return self._orders_between(symbol, first, middle) + self._orders_between(symbol, middle + 1, last)

    def trades(self, symbol: str, from_id: int) -> list[Trade]:
        return self._trades(symbol=symbol, fromId=from_id)

    def trades_of_order(self, symbol: str, order_id: str) -> list[Trade]:
        return self._trades(symbol=symbol, orderId=order_id)

    def _trades(self, **named: str | int) -> list[Trade]:
        page = parse.parsed(parse.each(parse.trade), self._get("/fapi/v1/userTrades", **named, limit=PAGE))
        return sorted(page, key=lambda trade: int(trade.trade_id))

    def incomes(self, start: int, end: int | None = None) -> list[Income]:
        window = _named(startTime=start, endTime=end)
        page = parse.parsed(parse.each(parse.income), self._get("/fapi/v1/income", **window, limit=PAGE))
        return sorted(page, key=lambda income: income.at)

    def listen_key(self) -> str:
        return create_listen_key(self._rest, self._credentials.api_key.reveal())

    def _get(self, path: str, **named: str | int) -> Any:
        return self._signed(self._rest, "GET", path, named)

    def _signed(self, rest: RestClient, method: str, path: str, named: Mapping[str, str | int]) -> Any:
        """Signs and sends; once more with a fresh clock where the venue refused the timestamp."""
        try:
            return self._send(rest, method, path, named)
        except VenueUnavailable as refused:
            if refused.reason != outcomes.CLOCK_REFUSED:
                raise
        self._time.measure()
        return self._send(rest, method, path, named)

    def _send(self, rest: RestClient, method: str, path: str, named: Mapping[str, str | int]) -> Any:
        stamped = {**named, "recvWindow": self._recv_window, "timestamp": self._time.now_ms()}
        query = signed_query(self._credentials, stamped)
        return rest.request(method, path, query, self._credentials.api_key.reveal())


def _named(**values: str | int | None) -> dict[str, str | int]:
    """The parameters that have a value."""
    return {name: value for name, value in values.items() if value is not None}
