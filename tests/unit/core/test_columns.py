"""How exact numbers are stored where the database has only floats."""

from decimal import Decimal

import pytest
from sqlalchemy.dialects import sqlite

from core.models.columns import Exact


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("1.40", "1.4"),
        ("0.00", "0"),
        ("-0.0", "0"),
        ("100", "100"),
        ("1E+3", "1000"),
        ("-2.500", "-2.5"),
        ("1E-8", "0.00000001"),
        ("123456789012345678901234567890.12345678", "123456789012345678901234567890.12345678"),
    ],
)
def test_equal_numbers_are_equal_texts(number: str, text: str) -> None:
    assert Exact().process_bind_param(Decimal(number), sqlite.dialect()) == text
