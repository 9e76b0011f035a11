"""How news of an order is merged: in any order, any number of times."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.order import FINAL, LIVE, OrderStatus, Progress, Side, merge

QUANTITY = Decimal(10)
amounts = st.integers(0, 10).map(Decimal)
known = st.builds(Progress, st.sampled_from(OrderStatus), amounts)
news = st.builds(
    Progress,
    st.sampled_from(
        [
            OrderStatus.PLACED,
            OrderStatus.PARTIALLY_FILLED,
            OrderStatus.FILLED,
            OrderStatus.CANCELED,
            OrderStatus.EXPIRED,
        ]
    ),
    amounts,
)


def merged(start: Progress, many: list[Progress]) -> Progress:
    for one in many:
        start = merge(start, one, QUANTITY)
    return start


@given(known, st.lists(news, max_size=6), st.randoms(use_true_random=False))
def test_the_order_in_which_news_arrives_changes_nothing(start: Progress, many: list[Progress], random: object) -> None:
    shuffled = list(many)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert merged(start, many) == merged(start, shuffled)


@given(known, st.lists(news, min_size=1, max_size=6))
def test_hearing_news_twice_changes_nothing(start: Progress, many: list[Progress]) -> None:
    once = merged(start, many)
    assert merged(once, many) == once


@given(known, news)
def test_an_order_never_goes_back(start: Progress, one: Progress) -> None:
    after = merge(start, one, QUANTITY)
    assert after.filled_quantity >= start.filled_quantity
    if start.status in FINAL and start.status is not OrderStatus.REJECTED:
        assert after.status in FINAL


@given(known, st.lists(news, min_size=1, max_size=6))
def test_a_whole_fill_is_filled_whatever_else_was_said(start: Progress, many: list[Progress]) -> None:
    after = merged(start, [*many, Progress(OrderStatus.PLACED, QUANTITY)])
    assert after.status is OrderStatus.FILLED


@pytest.mark.parametrize(
    ("start", "heard", "after"),
    [
        ("UNKNOWN 0", "PLACED 0", "PLACED 0"),
        ("REJECTED 0", "PLACED 0", "PLACED 0"),  # it exists after all
        ("PENDING 0", "PLACED 3", "PARTIALLY_FILLED 3"),
        ("PARTIALLY_FILLED 4", "PLACED 0", "PARTIALLY_FILLED 4"),
        ("CANCELED 2", "PARTIALLY_FILLED 5", "CANCELED 5"),
        ("CANCELED 2", "PARTIALLY_FILLED 10", "FILLED 10"),
        ("EXPIRED 2", "CANCELED 1", "CANCELED 2"),
    ],
)
def test_news_merges_by_rank_and_by_the_largest_fill(start: str, heard: str, after: str) -> None:
    def progress(text: str) -> Progress:
        status, filled = text.split()
        return Progress(OrderStatus(status), Decimal(filled))

    assert merge(progress(start), progress(heard), QUANTITY) == progress(after)


def test_every_status_is_live_or_final() -> None:
    assert {*LIVE, *FINAL} == set(OrderStatus)
    assert not set(LIVE) & set(FINAL)
    assert all(status.is_live for status in LIVE)


@pytest.mark.parametrize(("side", "opposite", "sign"), [(Side.BUY, Side.SELL, 1), (Side.SELL, Side.BUY, -1)])
def test_a_side_knows_its_opposite_and_its_sign(side: Side, opposite: Side, sign: int) -> None:
    assert (side.opposite, side.sign) == (opposite, sign)
