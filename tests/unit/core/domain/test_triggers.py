"""A mark reaches exactly the triggers at or beyond it, however they came and went."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.domain.triggers import ABOVE, BELOW, Trigger, TriggerBook

SYMBOLS = ("BTCUSDT", "ETHUSDT")


def trigger(strategy_id: int, symbol: str, direction: int, price: int) -> Trigger:
    return Trigger(symbol, direction, Decimal(price), "tasks.strategies.stop", strategy_id, 1)


TRIGGERS = st.builds(trigger, st.just(0), st.sampled_from(SYMBOLS), st.sampled_from((BELOW, ABOVE)), st.integers(1, 20))


@st.composite
def changes(draw: st.DrawFn) -> dict[int, tuple[Trigger, ...]]:
    numbers = draw(st.sets(st.integers(1, 5), max_size=3))
    return {
        number: tuple(
            {trigger(number, one.symbol, one.direction, int(one.price)) for one in draw(st.lists(TRIGGERS, max_size=3))}
        )
        for number in numbers
    }


@given(st.lists(changes(), max_size=6), st.integers(1, 20), st.sampled_from(SYMBOLS))
def test_what_is_reached_is_what_a_look_at_all_would_find(
    steps: list[dict[int, tuple[Trigger, ...]]], mark: int, symbol: str
) -> None:
    book, known = TriggerBook(), {}
    for step in steps:
        book.replace(step)
        known |= step
    all_of_them = [one for mine in known.values() for one in mine]
    expected = {one for one in all_of_them if one.symbol == symbol and one.is_reached(Decimal(mark))}
    found = list(book.reached(symbol, Decimal(mark)))
    assert set(found) == expected
    assert len(found) == len(expected)
    assert len(book) == len(all_of_them)
    assert all(one in book for one in all_of_them)
    assert book.ids_between(1, 4) == {number for number, mine in known.items() if mine and 1 < number <= 4}
