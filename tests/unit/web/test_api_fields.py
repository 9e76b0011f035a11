"""What goes in and out of the API's fields."""

from datetime import UTC, datetime
from decimal import Decimal as Exact
from typing import Any

import marshmallow as ma
import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.fields import Decimal, Flag, Integer, Milliseconds, Moment, QueryInteger, Text, plain


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**17), max_value=10**17, places=18))
def test_a_decimal_comes_out_as_it_went_in(number: Exact) -> None:
    field = Decimal()
    text = plain(number)
    assert field.serialize("x", {"x": field.deserialize(text)}) == text
    assert field.deserialize(text) == number


@pytest.mark.parametrize(
    "value",
    [
        *("NaN", "Infinity", "-Infinity", "1e3", "1E3", "+1", " 1", "1 ", "1.", ".5", "", "1,5", "0x10", "1_000", "١"),
        *("-0", "-0.00", "1" * 19, "0." + "1" * 19, "1\n", "--1", "one"),
        *(1, 1.5, True, None, [], {}, float("nan")),
    ],
)
def test_what_is_no_plain_decimal_in_a_string_is_refused(value: Any) -> None:
    with pytest.raises(ma.ValidationError):
        Decimal().deserialize(value)


@pytest.mark.parametrize(("text", "number"), [("0", "0"), ("007.50", "7.50"), ("-1.5", "-1.5"), ("9" * 18, "9" * 18)])
def test_plain_decimals_are_taken(text: str, number: str) -> None:
    assert Decimal().deserialize(text) == Exact(number)


@pytest.mark.parametrize(
    ("number", "text"), [("1E+3", "1000"), ("1E-9", "0.000000001"), ("-0.0", "0.0"), ("100.10", "100.10")]
)
def test_decimals_are_written_without_exponent_and_without_a_zeros_sign(number: str, text: str) -> None:
    assert plain(Exact(number)) == text


def test_only_a_field_with_places_rounds_what_goes_out() -> None:
    third = Exact(1) / 3
    assert Decimal(places=8).serialize("x", {"x": third}) == "0.33333333"
    assert Decimal().serialize("x", {"x": third}) == str(third)


@pytest.mark.parametrize(("value", "number"), [(5, 5), (5.0, 5), (-3, -3)])
def test_whole_numbers_are_integers(value: float, number: int) -> None:
    assert Integer().deserialize(value) == number


@pytest.mark.parametrize("value", ["5", True, False, 5.5, None, [], float("inf"), float("nan")])
def test_what_only_looks_like_an_integer_is_refused(value: Any) -> None:
    with pytest.raises(ma.ValidationError):
        Integer().deserialize(value)


@pytest.mark.parametrize("value", ["1e3", " 5", "5.0", "1_000", "1234567890", "", "٣"])
def test_a_query_takes_plain_digits_only(value: str) -> None:
    with pytest.raises(ma.ValidationError):
        QueryInteger().deserialize(value)


@pytest.mark.parametrize("value", ["true", 1, 0, "", None, []])
def test_a_flag_is_true_or_false_and_nothing_else(value: Any) -> None:
    with pytest.raises(ma.ValidationError):
        Flag().deserialize(value)


@pytest.mark.parametrize("value", ["a\x00b", "a\u202eb", "a\nb", "\ud800", "a\u200f", "x" * 9, 5])
def test_hidden_characters_and_long_texts_are_refused(value: Any) -> None:
    with pytest.raises(ma.ValidationError):
        Text(most=8).deserialize(value)


def test_a_text_with_lines_keeps_them() -> None:
    assert Text(most=10, lines=True).deserialize("a\nb") == "a\nb"


@pytest.mark.parametrize(
    "text", ["2026-11-22T08:00:00Z", "2026-11-22T08:00:00", "2026-11-22T09:00:00+01:00", "2026-11-22T08:00:00.000Z"]
)
def test_times_are_utc_whatever_way_they_are_given(text: str) -> None:
    moment = Moment().deserialize(text)
    assert moment == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert Moment().serialize("at", {"at": moment}) == "2026-11-22T08:00:00.000Z"


@pytest.mark.parametrize("value", ["yesterday", "", 5, None, "1999-12-31T00:00:00Z", "9999-12-31T23:59:59-23:59"])
def test_other_times_are_refused(value: Any) -> None:
    with pytest.raises(ma.ValidationError):
        Moment().deserialize(value)


def test_milliseconds_are_shown_as_a_time() -> None:
    assert Milliseconds().serialize("at", {"at": 1_000}) == "1970-01-01T00:00:01.000Z"
