import pytest

from core.paper.engine.refusals import VenueError
from core.paper.engine.settings import set_hedge_mode, set_leverage, set_margin_type, set_multi_assets
from tests.unit.core.paper.engine.desk import Desk


@pytest.mark.parametrize("leverage", [0, -1, 151])
def test_leverage_outside_the_brackets_is_refused(desk: Desk, leverage: int) -> None:
    with pytest.raises(VenueError, match="-4028"):
        set_leverage(desk.exchange, desk.account, "BTCUSDT", leverage)


def test_leverage_may_not_rise_above_the_bracket_of_what_is_held(desk: Desk) -> None:
    set_leverage(desk.exchange, desk.account, "BTCUSDT", 75)
    desk.order("BUY", "5.000")
    with pytest.raises(VenueError, match="-2027"):
        set_leverage(desk.exchange, desk.account, "BTCUSDT", 150)


def test_leverage_may_not_fall_below_what_the_margin_carries(desk: Desk) -> None:
    desk.order("BUY", "1.000")
    with pytest.raises(VenueError, match="-2028"):
        set_leverage(desk.exchange, desk.account, "BTCUSDT", 5)
    assert desk.holding.leverage == 20


def test_isolated_leverage_may_not_fall_with_a_position(desk: Desk) -> None:
    set_margin_type(desk.exchange, desk.account, "BTCUSDT", True)
    desk.order("BUY", "0.010")
    with pytest.raises(VenueError, match="-4161"):
        set_leverage(desk.exchange, desk.account, "BTCUSDT", 10)


def test_the_margin_type_changes_only_when_nothing_is_there(desk: Desk) -> None:
    with pytest.raises(VenueError, match="-4046"):
        set_margin_type(desk.exchange, desk.account, "BTCUSDT", False)
    order = desk.order("BUY", "0.010", "79000")
    with pytest.raises(VenueError, match="-4047"):
        set_margin_type(desk.exchange, desk.account, "BTCUSDT", True)
    desk.cancel(order)
    desk.order("BUY", "0.010")
    with pytest.raises(VenueError, match="-4048"):
        set_margin_type(desk.exchange, desk.account, "BTCUSDT", True)


def test_hedge_mode_can_be_chosen_but_takes_no_one_way_orders(desk: Desk) -> None:
    set_hedge_mode(desk.exchange, desk.account, True)
    with pytest.raises(VenueError, match="-4061"):
        desk.order("BUY", "0.010", "79000")
    with pytest.raises(VenueError, match="does not offer"):
        desk.order("BUY", "0.010", "79000", position_side="LONG")
    with pytest.raises(VenueError, match="-4059"):
        set_hedge_mode(desk.exchange, desk.account, True)


def test_the_mode_stays_while_there_are_orders_or_positions(desk: Desk) -> None:
    order = desk.order("BUY", "0.010", "79000")
    with pytest.raises(VenueError, match="-4067"):
        set_hedge_mode(desk.exchange, desk.account, True)
    desk.cancel(order)
    desk.order("BUY", "0.010")
    with pytest.raises(VenueError, match="-4068"):
        set_hedge_mode(desk.exchange, desk.account, True)


def test_multi_assets_mode_excludes_isolated_margin(desk: Desk) -> None:
    set_multi_assets(desk.exchange, desk.account, True)
    with pytest.raises(VenueError, match="-4168"):
        set_margin_type(desk.exchange, desk.account, "BTCUSDT", True)
    with pytest.raises(VenueError, match="-4171"):
        set_multi_assets(desk.exchange, desk.account, True)
