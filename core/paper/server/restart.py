"""Bringing an exchange back from its store."""

from decimal import Decimal

import orjson

from core.paper.engine import rules
from core.paper.engine.conditional import wait
from core.paper.engine.exchange import Counters, Exchange
from core.paper.engine.placing import put_in_book
from core.paper.server import kept, render
from core.paper.server.store import Store
from core.paper.symbols import BRACKETS, EXCHANGE_INFO_SYMBOLS, START_PRICES

DEFAULT_PRICE = Decimal(100)  # of a symbol that was listed without one


def restore(exchange: Exchange, store: Store) -> None:
    """Lists the symbols, and puts accounts, positions and open orders back as they stood."""
    _list_symbols(exchange, store)
    for (doc,) in store.rows("SELECT doc FROM accounts ORDER BY id"):
        exchange.add_account(kept.account_from(orjson.loads(doc)))
    for account_id, symbol, doc in store.rows("SELECT account, symbol, doc FROM holdings"):
        _restore_holding(exchange, account_id, symbol, doc)
    for account_id, doc in store.rows(
        "SELECT account, doc FROM orders WHERE status IN ('NEW', 'PARTIALLY_FILLED') ORDER BY id"
    ):
        order = render.order_from(orjson.loads(doc), account_id)
        seat = exchange.seat(exchange.accounts[account_id], order.symbol)
        put_in_book(seat.market, seat.holding, order)
    for account_id, doc in store.rows("SELECT account, doc FROM algos WHERE status = 'NEW' ORDER BY id"):
        algo = render.algo_from(orjson.loads(doc), account_id)
        wait(exchange.accounts[account_id], exchange.market(algo.symbol), algo)
    _restore_counters(exchange.counters, store)
    exchange.take_changes()


def _list_symbols(exchange: Exchange, store: Store) -> None:
    for listing in EXCHANGE_INFO_SYMBOLS:
        symbol = listing["symbol"]
        exchange.list_symbol(rules.parse(listing, BRACKETS.get(symbol)), START_PRICES.get(symbol, DEFAULT_PRICE))
    for (doc,) in store.rows("SELECT doc FROM listings"):
        listing = orjson.loads(doc)
        exchange.list_symbol(rules.parse(listing, BRACKETS.get(listing["symbol"])), DEFAULT_PRICE)
    for symbol, doc in store.rows("SELECT symbol, doc FROM markets"):
        if symbol in exchange.markets:
            kept.restore_market(exchange.markets[symbol], orjson.loads(doc))


def _restore_holding(exchange: Exchange, account_id: int, symbol: str, doc: bytes) -> None:
    account = exchange.accounts[account_id]
    holding = account.holdings[symbol] = kept.holding_from(symbol, orjson.loads(doc))
    account.isolated_total += holding.isolated_wallet
    exchange.keep_holding(account, holding)


def _restore_counters(counters: Counters, store: Store) -> None:
    counters.account = store.value("SELECT max(id) FROM accounts") or counters.account
    counters.order = store.value("SELECT max(id) FROM orders") or counters.order
    counters.algo = store.value("SELECT max(id) FROM algos") or counters.algo
    counters.transaction = store.value("SELECT max(id) FROM incomes") or counters.transaction
