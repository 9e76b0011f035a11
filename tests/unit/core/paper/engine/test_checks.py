from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from core.paper.engine import moves
from core.paper.engine.refusals import VenueError
from core.paper.engine.settings import set_leverage
from tests.unit.core.paper.engine.desk import Desk

# BTCUSDT stands at 80,000: tick 0.10, step 0.001, quantity up to 1000 (market 120), notional from 50, band 5 %


def refusal_of(attempt: Callable[[], Any]) -> int:
    with pytest.raises(VenueError) as caught:
        attempt()
    return caught.value.code


@pytest.mark.parametrize(
    ("quantity", "price", "code"),
    [
        ("0", "79000", -4003),
        ("-0.001", "79000", -4003),
        ("0.0015", "79000", -1111),
        ("1000.001", "79000", -4005),
        ("120.001", None, -4005),
        ("0.010", "0", -4001),
        ("0.010", "-1", -4001),
        ("0.010", "79000.123", -1111),
        ("0.010", "79000.05", -4014),
        ("0.010", "5000000", -4002),
        ("0.010", "500", -4013),
        ("0.010", "84000.1", -4016),
        ("0.001", "49999.9", -4164),
    ],
)
def test_a_buy_outside_the_filters_is_refused(desk: Desk, quantity: str, price: str | None, code: int) -> None:
    assert refusal_of(lambda: desk.order("BUY", quantity, price)) == code


def test_a_quantity_between_two_steps_is_refused(desk: Desk) -> None:
    desk.symbol = "HOTUSDT"  # step 1 at a precision of one decimal
    assert refusal_of(lambda: desk.order("BUY", "100000.5", "0.0003")) == -4023


def test_a_quantity_below_the_minimum_is_refused(desk: Desk) -> None:
    desk.symbol = "HOTUSDT"
    assert refusal_of(lambda: desk.order("BUY", "0.5", "0.0003")) == -4004


def test_the_price_band_is_one_sided(desk: Desk) -> None:
    assert desk.order("BUY", "0.010", "56000").status == "NEW"  # 30 % below
    assert desk.order("SELL", "0.010", "104000").status == "NEW"
    assert refusal_of(lambda: desk.order("SELL", "0.010", "75999.9")) == -4024
    assert desk.order("BUY", "0.010", "84000").status == "FILLED"


def test_a_reduce_only_order_may_be_smaller_than_the_minimum_notional(desk: Desk) -> None:
    desk.order("BUY", "0.001")
    desk.move("40000")
    assert refusal_of(lambda: desk.order("SELL", "0.001")) == -4164
    assert desk.order("SELL", "0.001", reduce_only=True).status == "FILLED"


@pytest.mark.parametrize("client_id", ["a" * 37, "with space", "ümlaut", "semi;colon"])
def test_a_client_id_outside_the_alphabet_is_refused(desk: Desk, client_id: str) -> None:
    assert refusal_of(lambda: desk.order("BUY", "0.010", "79000", client_id=client_id)) == -4015


def test_every_character_of_the_alphabet_is_taken(desk: Desk) -> None:
    assert desk.order("BUY", "0.010", "79000", client_id=".A-Z:/a-z0-9_-").client_id == ".A-Z:/a-z0-9_-"


def test_a_client_id_is_unique_among_open_orders_only(desk: Desk) -> None:
    first = desk.order("BUY", "0.010", "79000", client_id="mine")
    assert refusal_of(lambda: desk.order("BUY", "0.010", "79000", client_id="mine")) == -4116
    desk.cancel(first)
    assert desk.order("BUY", "0.010", "79000", client_id="mine").status == "NEW"
    desk.move("79000")
    assert desk.order("BUY", "0.010", "78000", client_id="mine").status == "NEW"


def test_the_symbols_order_limit_counts_resting_orders(desk: Desk) -> None:
    orders = [desk.order("BUY", "0.001", "79000") for _ in range(200)]
    assert refusal_of(lambda: desk.order("BUY", "0.001", "79000")) == -2025
    assert desk.order("BUY", "0.001").status == "FILLED"
    desk.cancel(orders[0])
    assert desk.order("BUY", "0.001", "79000").status == "NEW"


@pytest.mark.parametrize(
    ("symbol", "code"), [("NOPE", -1121), ("MKRUSDT", -4141), ("XAUUSDT", -4411), ("BTCUSDT_261225", -4140)]
)
def test_a_symbol_that_takes_no_orders_says_why(desk: Desk, symbol: str, code: int) -> None:
    desk.symbol = symbol
    assert refusal_of(lambda: desk.order("BUY", "0.010", "1000")) == code


def test_a_halted_symbol_takes_no_orders(desk: Desk) -> None:
    moves.halt(desk.exchange, "BTCUSDT", True)
    assert refusal_of(lambda: desk.order("BUY", "0.010", "79000")) == -4141


def test_a_position_side_that_the_account_does_not_have_is_refused(desk: Desk) -> None:
    assert refusal_of(lambda: desk.order("BUY", "0.010", "79000", position_side="LONG")) == -4061


def test_post_only_may_not_take(desk: Desk) -> None:
    assert refusal_of(lambda: desk.order("BUY", "0.010", "80000", time_in_force="GTX")) == -5022
    assert desk.order("BUY", "0.010", "79999.9", time_in_force="GTX").status == "NEW"


def test_fill_or_kill_fills_or_is_refused(desk: Desk) -> None:
    assert refusal_of(lambda: desk.order("BUY", "0.010", "79999.9", time_in_force="FOK")) == -5021
    assert desk.order("BUY", "0.010", "80000", time_in_force="FOK").status == "FILLED"


def test_an_order_needs_margin_for_the_larger_side_only(desk: Desk) -> None:
    set_leverage(desk.exchange, desk.account, "BTCUSDT", 10)
    desk.order("BUY", "1.200", "80000", time_in_force="GTC")  # 96,000 of a possible 100,000
    assert refusal_of(lambda: desk.order("BUY", "0.060", "79000")) == -2019
    desk.order("SELL", "2.400", "80100")  # reverses it: the short side is as large as the long one
    assert refusal_of(lambda: desk.order("SELL", "0.100", "80100")) == -2019


def test_margin_comes_back_with_the_order(desk: Desk) -> None:
    order = desk.order("BUY", "2.500", "78000")  # 9,750 at 20x
    assert refusal_of(lambda: desk.order("BUY", "0.100", "78000")) == -2019
    desk.cancel(order)
    assert desk.order("BUY", "2.500", "78000").status == "NEW"


def test_a_position_may_not_outgrow_the_bracket_of_its_leverage(desk: Desk) -> None:
    desk.exchange.book(desk.account, "", "TRANSFER", Decimal(10**8))
    set_leverage(desk.exchange, desk.account, "BTCUSDT", 150)  # up to 300,000
    assert refusal_of(lambda: desk.order("BUY", "3.800", "79000")) == -2027
    assert desk.order("BUY", "3.700", "79000").status == "NEW"


def test_a_refused_order_leaves_no_trace(desk: Desk) -> None:
    refusal_of(lambda: desk.order("BUY", "100", "79000"))
    changes = desk.changes()
    assert not changes
    assert changes.events == []
    assert desk.holding.orders == {}
