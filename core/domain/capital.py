"""What an account's strategies on one symbol use of its capital, and could come to use. Pure; quote unless said."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

from core.domain.exact import EXACT, PRECISE, ZERO
from core.domain.order import Side


@dataclass(frozen=True, slots=True)
class Leg:
    """A cell's opening order, filled or not: quantity in base, at the price where it opens."""

    side: Side
    quantity: Decimal
    price: Decimal


def worst_notionals(legs: Iterable[Leg]) -> dict[Side, Decimal]:
    """What is held on each side once every opening order of that side has filled."""
    sums = dict.fromkeys(Side, ZERO)
    with localcontext(EXACT):
        for leg in legs:
            sums[leg.side] += leg.quantity * leg.price
    return sums


def margin_in_use(position: Decimal, mark: Decimal, leverage: int) -> Decimal:
    """Of the account's whole position (base) on the symbol."""
    with localcontext(PRECISE):
        return abs(position) * mark / leverage


def margin_needed(worst: Mapping[Side, Decimal], external: Decimal, mark: Decimal, leverage: int) -> Decimal:
    """When every order has filled: one-way positions are netted, so the heavier side counts; and what is the user's
    own (`external`, base)."""
    with localcontext(PRECISE):
        return (max(worst.values(), default=ZERO) + abs(external) * mark) / leverage
