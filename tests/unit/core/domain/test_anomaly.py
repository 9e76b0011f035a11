"""When marks are not to be decided on, and when they are again."""

from decimal import Decimal

from core.domain.anomaly import CALM_MARKS, MarkWatch

D = Decimal


def odd_after(marks: list[str]) -> list[bool]:
    watch, seen = MarkWatch(), []
    for second, mark in enumerate(marks):
        watch.take(D(mark), float(second))
        seen.append(bool(watch.odd))
    return seen


def test_marks_that_move_within_the_limit_are_decided_on_from_the_first() -> None:
    assert odd_after(["100", "110", "99", "108.9"]) == [False] * 4


def test_a_jump_is_believed_when_it_has_stayed() -> None:
    assert CALM_MARKS == 3
    assert odd_after(["100", "89", "89", "88", "88", "88"]) == [False, True, True, True, False, False]


def test_a_wrong_mark_and_its_way_back_are_both_jumps() -> None:
    assert odd_after(["100", "50", "100", "100", "100", "100"]) == [False, True, True, True, True, False]


def test_marks_that_stop_are_odd_until_they_come_again() -> None:
    watch = MarkWatch()
    watch.take(D(100), 0.0)
    watch.look(9.9)
    assert watch.odd == ""
    watch.look(10.0)
    assert "10 s" in watch.odd
    watch.take(D(100), 60.0)
    assert watch.odd == ""


def test_a_mark_that_parts_from_the_last_price_twice_in_a_row_is_odd_for_as_long() -> None:
    watch, seen = MarkWatch(), []
    watch.compare(D(100))
    for mark in ("105", "105.01", "100", "94.9", "94.9", "95"):
        watch.take(D(mark), 0.0)
        watch.compare(D(100))
        seen.append(bool(watch.odd))
    assert seen == [False, False, False, False, True, False]
