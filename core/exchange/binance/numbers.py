"""Decimals at the border: exact, finite, without trailing zeros, and in plain notation on the way out."""

import json
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation
from typing import Any, NoReturn

# More digits than any amount of any asset; beyond them a number is refused instead of rounded.
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[Inexact, InvalidOperation])


def decimal_of(value: str | int | Decimal) -> Decimal:
    """The exact value, in one form for equal numbers ("100.00" is 100). Raises ValueError for what is no number."""
    if isinstance(value, float | bool):
        raise ValueError(f"not an exact number: {value!r}")
    try:
        number = _EXACT.create_decimal(value).normalize(_EXACT)
    except (InvalidOperation, Inexact):
        raise ValueError(f"not an exact number: {value!r}") from None
    if not number.is_finite():
        raise ValueError(f"not a finite number: {value!r}")
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return number.quantize(Decimal(1), context=_EXACT) if exponent > 0 else _EXACT.plus(number)


def text_of(number: Decimal) -> str:
    """Plain notation without trailing zeros: the venue counts digits and refuses more than a symbol's precision."""
    return format(decimal_of(number), "f")


def loads(text: str | bytes) -> Any:
    """JSON with its fractions read as Decimal. Raises ValueError for anything that is not JSON."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"not a number: {constant}")
