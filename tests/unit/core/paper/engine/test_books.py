"""Whatever is traded, the ledger's lines sum up to the wallet, and wallet plus open profit to what was traded."""

from contextlib import suppress
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.paper.engine import funding, rules
from core.paper.engine.exchange import Exchange
from core.paper.engine.orders import Income, Trade
from core.paper.engine.refusals import VenueError
from core.paper.engine.settings import set_margin_type
from core.paper.symbols import BRACKETS, EXCHANGE_INFO_SYMBOLS, START_PRICES
from tests.unit.core.paper.engine.desk import Clock, Desk

DEPOSIT = Decimal(5000)
SYMBOLS = ("BTCUSDT", "HOTUSDT", "1000PEPEUSDT")

ticks = st.integers(-400, 400)  # in hundredths of a percent from the start price
sizes = st.integers(1, 40)  # in multiples of about 60 USDT
steps = st.lists(
    st.one_of(
        st.tuples(st.just("move"), st.sampled_from(SYMBOLS), ticks),
        st.tuples(st.just("fund"), st.sampled_from(SYMBOLS), ticks),
        st.tuples(st.just("market"), st.sampled_from(SYMBOLS), st.sampled_from(["BUY", "SELL"]), sizes),
        st.tuples(st.just("limit"), st.sampled_from(SYMBOLS), st.sampled_from(["BUY", "SELL"]), sizes, ticks),
        st.tuples(st.just("close"), st.sampled_from(SYMBOLS), sizes),
        st.tuples(st.just("cancel"), st.sampled_from(SYMBOLS)),
        st.tuples(st.just("pieces"), st.integers(1, 5)),
    ),
    max_size=40,
)


class Flow:
    """One account trading at random, and what its exchange wrote down."""

    def __init__(self, isolated: bool) -> None:
        self.exchange = Exchange(Clock().now)
        for listing in EXCHANGE_INFO_SYMBOLS:
            if listing["symbol"] in SYMBOLS:
                parsed = rules.parse(listing, BRACKETS[listing["symbol"]])
                self.exchange.list_symbol(parsed, START_PRICES[listing["symbol"]])
        self.account = self.exchange.open_account("k" * 64, "s", "", DEPOSIT)
        if isolated:
            set_margin_type(self.exchange, self.account, "BTCUSDT", True)
        self.incomes: list[Income] = []
        self.trades: list[Trade] = []
        self.look()

    def look(self) -> None:
        changes = self.exchange.take_changes()
        self.incomes += changes.incomes
        self.trades += changes.trades

    def take(self, step: tuple[Any, ...]) -> None:
        kind, *rest = step
        with suppress(VenueError):  # a filter or the margin: nothing has changed
            getattr(self, kind)(*rest)
        self.look()

    def pieces(self, count: int) -> None:
        self.exchange.pieces = lambda: count

    def move(self, symbol: str, ticks: int) -> None:
        Desk(self.exchange, self.account, symbol).move(str(self.price(symbol, ticks)))

    def fund(self, symbol: str, ticks: int) -> None:
        funding.pay(self.exchange, symbol, Decimal(ticks) / 100_000)

    def market(self, symbol: str, side: str, size: int) -> None:
        Desk(self.exchange, self.account, symbol).order(side, self.quantity(symbol, size))

    def limit(self, symbol: str, side: str, size: int, ticks: int) -> None:
        price = str(self.price(symbol, ticks))
        Desk(self.exchange, self.account, symbol).order(side, self.quantity(symbol, size), price)

    def close(self, symbol: str, size: int) -> None:
        desk = Desk(self.exchange, self.account, symbol)
        side = "SELL" if desk.holding.quantity > 0 else "BUY"
        desk.order(side, self.quantity(symbol, size), reduce_only=True)

    def cancel(self, symbol: str) -> None:
        desk = Desk(self.exchange, self.account, symbol)
        for order in list(desk.holding.orders.values())[:1]:
            desk.cancel(order)

    def price(self, symbol: str, ticks: int) -> Decimal:
        tick = self.exchange.market(symbol).rules.tick
        return START_PRICES[symbol] * (10_000 + ticks) / 10_000 // tick * tick

    def quantity(self, symbol: str, size: int) -> str:
        step = self.exchange.market(symbol).rules.lot.step
        return str((Decimal(60 * size) / START_PRICES[symbol] // step + 1) * step)


@given(steps=steps, isolated=st.booleans())
def test_the_books_close_to_the_last_digit(steps: list[tuple[Any, ...]], isolated: bool) -> None:
    flow = Flow(isolated)
    for step in steps:
        flow.take(step)
    account = flow.account
    assert sum(line.amount for line in flow.incomes) == account.wallet
    paid = sum(trade.fee for trade in flow.trades)
    funded = sum((line.amount for line in flow.incomes if line.type in ("FUNDING_FEE", "INSURANCE_CLEAR")), Decimal(0))
    open_profit = sum(one.unrealized(flow.exchange.market(one.symbol).price) for one in account.holdings.values())
    assert account.wallet + open_profit == DEPOSIT + _traded(flow) - paid + funded


def _traded(flow: Flow) -> Decimal:
    """Sells less buys, and what the positions are worth now."""
    total = Decimal(0)
    for trade in flow.trades:
        total += trade.price * trade.quantity * (1 if trade.side == "SELL" else -1)
    for holding in flow.account.holdings.values():
        total += holding.quantity * flow.exchange.market(holding.symbol).price
    return total


@given(steps=steps, isolated=st.booleans())
def test_running_sums_equal_what_they_sum(steps: list[tuple[Any, ...]], isolated: bool) -> None:
    flow = Flow(isolated)
    for step in steps:
        flow.take(step)
    for holding in flow.account.holdings.values():
        free = [order for order in holding.orders.values() if not order.reduce_only]
        assert holding.bids == sum(one.remaining * one.price for one in free if one.side == "BUY")
        assert holding.asks == sum(one.remaining * one.price for one in free if one.side == "SELL")
        assert holding.reduce_quantity == sum(one.remaining for one in holding.reduce_only.values())
        traded = (t.quantity * (1 if t.side == "BUY" else -1) for t in flow.trades if t.symbol == holding.symbol)
        assert holding.quantity == sum(traded)
    assert flow.account.isolated_total == sum(one.isolated_wallet for one in flow.account.holdings.values())
