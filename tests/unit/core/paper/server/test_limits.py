import pytest

from core.paper.server.limits import Limits, Overrun

MINUTE = 1_795_000_020_000 // 60_000 * 60_000


def test_weight_is_counted_per_address_and_starts_again_each_minute() -> None:
    limits = Limits(100)
    limits.spend_weight("a", 60, MINUTE)
    limits.spend_weight("b", 100, MINUTE)
    limits.spend_weight("a", 40, MINUTE + 59_999)
    assert limits.used_weight("a", MINUTE + 59_999) == 100
    assert limits.used_weight("a", MINUTE + 60_000) == 0


def test_over_the_limit_one_is_told_when_to_come_back() -> None:
    limits = Limits(100)
    limits.spend_weight("a", 100, MINUTE)
    with pytest.raises(Overrun) as caught:
        limits.spend_weight("a", 1, MINUTE + 17_500)
    assert (caught.value.code, caught.value.status, caught.value.retry_after) == (-1003, 429, 43)
    assert limits.crossed == {"a": 1}


def test_who_goes_on_is_banned_beyond_the_minute() -> None:
    limits = Limits(1)
    limits.spend_weight("a", 1, MINUTE)
    for _ in range(49):
        with pytest.raises(Overrun, match="-1003"):
            limits.spend_weight("a", 1, MINUTE)
    with pytest.raises(Overrun) as caught:
        limits.spend_weight("a", 1, MINUTE)
    assert caught.value.status == 418
    with pytest.raises(Overrun, match="banned until"):
        limits.spend_weight("a", 1, MINUTE + 119_999)
    limits.spend_weight("a", 1, MINUTE + 120_000)


def test_orders_are_counted_per_account_in_both_windows() -> None:
    limits = Limits(100)
    for _ in range(300):
        limits.spend_orders(1, 1, MINUTE)
    with pytest.raises(Overrun, match="-1015"):
        limits.spend_orders(1, 1, MINUTE)
    limits.spend_orders(2, 1, MINUTE)
    for window in (1, 2, 3):
        for _ in range(300):
            limits.spend_orders(1, 1, MINUTE + window * 10_000)
    with pytest.raises(Overrun, match="1 MINUTE"):
        limits.spend_orders(1, 1, MINUTE + 40_000)
    limits.spend_orders(1, 1, MINUTE + 60_000)
    assert limits.orders(1, MINUTE + 60_000) == (1, 1)
