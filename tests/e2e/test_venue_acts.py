"""What the exchange or the user does by itself: liquidations, trades by hand, and a stream that goes deaf."""

from decimal import Decimal

import pytest

from core.clock import sleep
from tests.e2e.books import VenueAccount, assert_account_closes, assert_books_close, settle
from tests.e2e.test_flows import SYMBOL, grid
from tests.support.stack import Stack, User, on_postgresql
from tests.support.waiting import wait_until

D = Decimal


@pytest.fixture
def balance() -> int:
    return 2000


def test_a_liquidation_ends_the_grids_that_held_the_symbol(stack: Stack, user: User) -> None:
    risky = grid(strategy_type="BULLISH", total_investment="900", leverage=50, grid_number=8)
    grids = [user.start_grid(**risky), user.start_grid(**risky)]
    stack.venue.move(SYMBOL, "2300")  # too far at once for the watch of the margin to close it before the venue does
    for number in grids:
        ended = user.wait_for_status(number, "FINISHED", timeout=40)
        assert ended["finish_reason"] == "LIQUIDATION"
    venue = VenueAccount(stack, user)
    assert venue.position(SYMBOL) == 0
    assert venue.open_orders(SYMBOL) == []
    totals = [user.api.get(f"/grid/performance/paper/{number}") for number in grids]
    assert [D(total["position"]) for total in totals] == [0, 0]
    booked = sum(D(total["realized_pnl"]) - D(total["fees"]) + D(total["funding"]) for total in totals)
    assert booked == venue.income_of_trades()
    assert_account_closes(user)


def test_a_trade_by_hand_that_takes_what_a_grid_holds_pauses_it(stack: Stack, user: User) -> None:
    number = user.start_grid(**grid(strategy_type="BULLISH", total_investment="500"))
    venue = VenueAccount(stack, user)
    held = venue.position(SYMBOL)
    assert held > 0
    venue.trade_by_hand(SYMBOL, "SELL", held / 2)
    user.wait_for_status(number, "PAUSED", timeout=20)
    wait_until(lambda: {order.side for order in venue.open_orders(SYMBOL)} <= {"SELL"}, 10, "nothing opens any more")
    user.api.post(f"/grid/stop/paper/{number}", {"close_position": True})
    user.wait_for_status(number, "STOPPED", timeout=40)
    assert venue.position(SYMBOL) == 0


@on_postgresql
def test_a_deaf_stream_is_found_out_by_a_fill_and_opened_anew(stack: Stack, user: User) -> None:
    number = user.start_grid(**grid(total_investment="500"))
    before = {process.pid for process in stack.processes(f"gridkeeper: listener account={user.key_id}")}
    stack.venue.inject("mute_stream", match="user", seconds=60)
    try:
        sleep(2.5)  # longer than the clocks may differ since the stream's last word
        stack.venue.move(SYMBOL, "2465")
        wait_until(lambda: user.fills(number), 10, "the fill is found")

        def replaced() -> bool:
            now = {process.pid for process in stack.processes(f"gridkeeper: listener account={user.key_id}")}
            return bool(now - before) and not now & before

        wait_until(replaced, 10, "another listener serves the account")
    finally:
        stack.venue.restore_service()
    settle(stack, user, number, SYMBOL)
    stack.venue.move(SYMBOL, "2500")
    settle(stack, user, number, SYMBOL)
    assert_books_close(stack, user, number, SYMBOL)
