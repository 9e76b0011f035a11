"""An exchange brought back from its file is the one that wrote it."""

from decimal import Decimal
from pathlib import Path

import pytest

from core.paper.engine import moves
from core.paper.engine.conditional import place_conditional
from core.paper.engine.orders import NewOrder
from core.paper.engine.placing import place
from core.paper.engine.settings import set_leverage, set_margin_type
from core.paper.server import kept, render
from core.paper.server.algo_calls import parse_algo
from core.paper.server.params import Params
from core.paper.server.store import Store
from core.paper.server.venue import Venue


def limit(side: str, quantity: str, price: str, symbol: str = "BTCUSDT", reduce_only: bool = False) -> NewOrder:
    return NewOrder(symbol, side, "LIMIT", "GTC", Decimal(quantity), Decimal(price), f"{side}{price}", reduce_only)


@pytest.fixture
def before(tmp_path: Path) -> Venue:
    """Partly filled, isolated, waiting and resting: a bit of everything."""
    venue = Venue(Store(tmp_path), 2400, admin=True)
    exchange = venue.exchange
    account = exchange.open_account("k" * 64, "s" * 64, "", Decimal(10_000))
    set_leverage(exchange, account, "ETHUSDT", 7)
    set_margin_type(exchange, account, "ETHUSDT", True)
    place(exchange, account, limit("BUY", "0.100", "2600", "ETHUSDT"))
    place(exchange, account, limit("BUY", "0.030", "81000"))
    place(exchange, account, limit("SELL", "0.020", "82000", reduce_only=True))
    place(exchange, account, limit("BUY", "0.010", "79000"))
    stop = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "triggerPrice": "70000", "quantity": "0.01"}
    place_conditional(exchange, account, parse_algo(Params(stop), account.id, exchange.now()))
    moves.move(exchange, "BTCUSDT", Decimal("80123.4"))
    moves.halt(exchange, "SOLUSDT", True)
    venue.hub.open_key(account, "listen")
    venue.commit()
    return venue


def after(venue: Venue, folder: Path) -> Venue:
    """A new process reads the file while the old one still has it open: nothing waits in its memory."""
    return Venue(Store(folder), 2400, admin=True)


def test_accounts_positions_and_markets_are_the_same(before: Venue, tmp_path: Path) -> None:
    now = after(before, tmp_path)
    for account_id, account in before.exchange.accounts.items():
        restored = now.exchange.accounts[account_id]
        assert kept.account(restored) == kept.account(account)
        assert restored.isolated_total == account.isolated_total
        for symbol, holding in account.holdings.items():
            again = restored.holdings[symbol]
            assert kept.holding(again) == kept.holding(holding)
            assert (again.bids, again.asks, again.reduce_quantity) == (
                holding.bids,
                holding.asks,
                holding.reduce_quantity,
            )
    for symbol in ("BTCUSDT", "SOLUSDT"):
        assert kept.market(now.exchange.markets[symbol]) == kept.market(before.exchange.markets[symbol])
    assert set(now.exchange.markets["BTCUSDT"].holders) == {1}


def test_orders_rest_and_wait_as_before(before: Venue, tmp_path: Path) -> None:
    now = after(before, tmp_path)
    account, restored = before.exchange.accounts[1], now.exchange.accounts[1]
    orders = account.holdings["BTCUSDT"].orders
    again = restored.holdings["BTCUSDT"].orders
    assert [render.queried(one) for one in again.values()] == [render.queried(one) for one in orders.values()]
    assert [render.algo(one) for one in restored.algos.values()] == [render.algo(one) for one in account.algos.values()]
    moves.move(now.exchange, "BTCUSDT", Decimal(79_000))
    assert again[min(again)].status == "NEW"
    assert restored.holdings["BTCUSDT"].quantity == Decimal("0.040")
    moves.move(now.exchange, "BTCUSDT", Decimal(70_000))
    assert restored.holdings["BTCUSDT"].quantity == Decimal("0.030")


def test_ids_go_on_where_they_stopped(before: Venue, tmp_path: Path) -> None:
    now = after(before, tmp_path)
    assert now.exchange.counters == before.exchange.counters


def test_a_listen_key_stays_good(before: Venue, tmp_path: Path) -> None:
    assert after(before, tmp_path).hub.is_listen_key("listen")


def test_a_symbol_that_was_added_is_there_again(before: Venue, tmp_path: Path) -> None:
    listing = {**before.exchange.market("BTCUSDT").rules.listing, "symbol": "FOOUSDT"}
    before.store.write_listing("FOOUSDT", listing)
    assert after(before, tmp_path).exchange.market("FOOUSDT").rules.tick == Decimal("0.10")


def test_without_a_folder_nothing_outlives_the_process() -> None:
    venue = Venue(Store(None), 2400, admin=True)
    venue.exchange.open_account("k" * 64, "s", "", Decimal(1))
    venue.commit()
    assert Venue(Store(None), 2400, admin=True).exchange.accounts == {}
