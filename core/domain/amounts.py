"""Amounts of several assets at once: asset -> amount, signed. What comes to nothing is left out."""

from collections.abc import Iterable, Mapping
from decimal import Decimal, localcontext

from core.domain.exact import EXACT, ZERO

Amounts = Mapping[str, Decimal]


def total(parts: Iterable[Amounts]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    with localcontext(EXACT):
        for part in parts:
            for asset, amount in part.items():
                sums[asset] = sums.get(asset, ZERO) + amount
    return {asset: amount for asset, amount in sums.items() if amount}


def less(left: Amounts, right: Amounts) -> dict[str, Decimal]:
    """left - right."""
    return total((left, {asset: -amount for asset, amount in right.items()}))


def as_json(amounts: Amounts) -> dict[str, str]:
    return {asset: format(amount, "f") for asset, amount in amounts.items()}


def from_json(texts: Mapping[str, str]) -> dict[str, Decimal]:
    return {asset: Decimal(text) for asset, text in texts.items()}
