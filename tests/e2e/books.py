"""The ledger against the venue, judged from outside: only HTTP, nothing of ours is trusted."""

from decimal import Decimal
from typing import Any

from binance_common.configuration import ConfigurationRestAPI
from binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures import DerivativesTradingUsdsFutures

from tests.support.stack import Stack, User
from tests.support.waiting import wait_until

D = Decimal
LIVE = ("PLACED", "PARTIALLY_FILLED")


class VenueAccount:
    """What the venue says of a user's account, read with the exchange's own client."""

    def __init__(self, stack: Stack, user: User) -> None:
        configuration = ConfigurationRestAPI(
            api_key=user.api_key, api_secret=user.api_secret, base_path=stack.paper_url, retries=0
        )
        self._api = DerivativesTradingUsdsFutures(config_rest_api=configuration).rest_api

    def open_orders(self, symbol: str) -> list[Any]:
        return list(self._api.current_all_open_orders(symbol=symbol).data())

    def conditional_orders(self, symbol: str) -> list[Any]:
        return list(self._api.current_all_algo_open_orders(symbol=symbol).data())

    def cancel_conditional(self, client_algo_id: str) -> None:
        self._api.cancel_algo_order(client_algo_id=client_algo_id)

    def trades(self, symbol: str) -> list[Any]:
        found: list[Any] = []
        while page := self._api.account_trade_list(symbol=symbol, from_id=found[-1].id + 1 if found else 0).data():
            found += page
            if len(page) < 500:
                break
        return found

    def trade_by_hand(self, symbol: str, side: str, quantity: Decimal) -> None:
        """As the user would at the exchange's own page, at market."""
        self._api.new_order(symbol=symbol, side=side, type="MARKET", quantity=float(quantity.quantize(D("0.001"))))

    def income_of_trades(self) -> Decimal:
        """What trades and funding have moved the wallet by."""
        lines = self._api.get_income_history(limit=1000).data()
        kinds = ("REALIZED_PNL", "COMMISSION", "FUNDING_FEE")
        return sum((D(line.income) for line in lines if line.income_type in kinds), D(0))

    def income(self) -> Decimal:
        """Everything that ever moved the wallet but the deposit."""
        lines = self._api.get_income_history(limit=1000).data()
        assert len(lines) < 1000, "the test needs paging"
        return sum((D(line.income) for line in lines if line.income_type != "TRANSFER"), D(0))

    def position(self, symbol: str) -> Decimal:
        rows = self._api.position_information_v3(symbol=symbol).data()
        return sum((D(row.position_amt) for row in rows), D(0))


def settle(stack: Stack, user: User, grid_id: int, symbol: str, timeout: float = 15) -> None:
    """Waits until the grid is whole and its live orders, one at least, are those that rest at the venue."""
    venue = VenueAccount(stack, user)

    def agree() -> bool:
        grid = user.detail(grid_id)
        live = {order["client_order_id"] for order in user.orders(grid_id) if order["status"] in LIVE}
        at_venue = {order.client_order_id for order in venue.open_orders(symbol)}
        return live == at_venue and 0 < len(live) == grid["live_levels"] == grid["intended_levels"]

    wait_until(agree, timeout, f"grid {grid_id} is whole and agrees with the venue")


def assert_books_close(stack: Stack, user: User, grid_id: int, symbol: str) -> None:
    """Live orders, trades, position and money agree with the venue, field by field and to the last digit."""
    venue = VenueAccount(stack, user)
    ours = user.orders(grid_id)
    live = {o["client_order_id"]: o for o in ours if o["status"] in LIVE}
    resting = {o.client_order_id: o for o in venue.open_orders(symbol)}
    assert set(live) == set(resting)
    for client_order_id, order in live.items():
        theirs = resting[client_order_id]
        assert (order["side"], D(order["price"]), D(order["quantity"])) == (
            theirs.side,
            D(theirs.price),
            D(theirs.orig_qty),
        )
    cells = [order["cell_index"] for order in live.values()]
    assert len(cells) == len(set(cells)), "two live orders in one cell"
    fills = {(f["trade_id"], f["order_id"]): f for f in user.fills(grid_id)}
    trades = {(str(t.id), str(t.order_id)): t for t in venue.trades(symbol)}
    assert set(fills) == set(trades)
    for key, fill in fills.items():
        trade = trades[key]
        assert (D(fill["price"]), D(fill["quantity"]), D(fill["fee"]), D(fill["realized_pnl"])) == (
            D(trade.price),
            D(trade.qty),
            D(trade.commission),
            D(trade.realized_pnl),
        )
    total = user.api.get(f"/grid/performance/paper/{grid_id}")
    assert D(total["position"]) == venue.position(symbol)
    wallet_change = D(total["realized_pnl"]) - D(total["fees"]) + D(total["funding"])
    assert wallet_change == venue.income()
    unrealized = D(total["unrealized_pnl"])
    assert D(total["total_pnl"]) == wallet_change + unrealized
    assert_no_intent_was_doubled(stack, user, symbol)


def assert_nothing_is_left(stack: Stack, user: User, symbol: str) -> None:
    """No order of either kind, and no position."""
    venue = VenueAccount(stack, user)
    assert venue.open_orders(symbol) == []
    assert venue.conditional_orders(symbol) == []
    assert venue.position(symbol) == 0


def assert_account_closes(user: User) -> None:
    """Its lines explain the whole wallet, and its own check agrees, soon after the last trade."""

    def closes() -> bool:
        books = user.api.get("/portfolio/paper")["books"]
        return books["balance"] is True and books["wallet_before"] is not None and D(books["wallet_before"]) == 0

    wait_until(closes, 20, "the account's books close")


def assert_no_intent_was_doubled(stack: Stack, user: User, symbol: str) -> None:
    """Every client order id has had at most one order at the venue, ever."""
    ids = [order["clientOrderId"] for order in stack.venue.orders(symbol) if order["clientOrderId"].startswith("gk")]
    assert len(ids) == len(set(ids))
