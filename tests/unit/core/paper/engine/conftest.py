from decimal import Decimal

import pytest

from core.paper.engine import rules
from core.paper.engine.accounts import Account
from core.paper.engine.exchange import Exchange
from core.paper.symbols import BRACKETS, EXCHANGE_INFO_SYMBOLS, START_PRICES
from tests.unit.core.paper.engine.desk import Clock, Desk


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def exchange(clock: Clock) -> Exchange:
    exchange = Exchange(clock.now)
    for listing in EXCHANGE_INFO_SYMBOLS:
        symbol = listing["symbol"]
        exchange.list_symbol(rules.parse(listing, BRACKETS[symbol]), START_PRICES[symbol])
    exchange.take_changes()
    return exchange


@pytest.fixture
def account(exchange: Exchange) -> Account:
    account = exchange.open_account("k" * 64, "s" * 64, "", Decimal(10_000))
    exchange.take_changes()
    return account


@pytest.fixture
def desk(exchange: Exchange, account: Account) -> Desk:
    """The account's view of BTCUSDT, which stands at 80,000."""
    return Desk(exchange, account)
