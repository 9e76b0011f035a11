"""Decimals at the border."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.exchange.binance.numbers import decimal_of, loads, text_of

MONEY = st.decimals(min_value=-(10**15), max_value=10**15, allow_nan=False, allow_infinity=False, places=12)


@given(MONEY)
def test_a_number_survives_the_way_out_and_back(number: Decimal) -> None:
    assert decimal_of(text_of(number)) == number


@given(MONEY)
def test_what_leaves_is_plain_and_has_no_trailing_zeros(number: Decimal) -> None:
    text = text_of(number)
    assert "E" not in text
    assert "+" not in text
    assert "." not in text or not text.endswith(("0", "."))
    assert text != "-0"


@given(MONEY, st.integers(0, 8))
def test_equal_numbers_have_one_form(number: Decimal, zeros: int) -> None:
    digits = format(number, "f")
    padded = digits + "0" * zeros if "." in digits else f"{digits}.{'0' * (zeros + 1)}"
    assert str(decimal_of(padded)) == str(decimal_of(digits))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("100.00", "100"),
        ("0.00010000", "0.0001"),
        ("0.00000000", "0"),
        ("-0.00", "0"),
        ("1E+3", "1000"),
        ("1e-7", "0.0000001"),
        (5000, "5000"),
        (Decimal("0.0065"), "0.0065"),
        ("123456789012345678901234567890.123456789", "123456789012345678901234567890.123456789"),
    ],
)
def test_the_venues_ways_of_writing(value: str | int | Decimal, text: str) -> None:
    assert text_of(decimal_of(value)) == text


@pytest.mark.parametrize("value", ["", "abc", "NaN", "Infinity", "-inf", "1" * 61, 0.1, True, None, [], "0x10"])
def test_what_is_no_exact_number_is_refused(value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        decimal_of(value)  # type: ignore[arg-type]


def test_fractions_in_json_stay_exact() -> None:
    assert loads('{"rate": 0.0065, "cap": 50000}') == {"rate": Decimal("0.0065"), "cap": 50000}


@pytest.mark.parametrize("text", ["", "{", "NaN", '{"a": Infinity}', b"\xff\xfe", "[" * 100_000])
def test_what_is_not_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the texts are Python's
        loads(text)
