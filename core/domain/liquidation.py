"""Trades that the venue makes by itself to close positions, and whose they are."""

from collections.abc import Hashable, Mapping
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal, localcontext
from fractions import Fraction
from typing import TypeVar

from core.domain.exact import EXACT, PRECISE, ZERO, floor_to
from core.domain.lifecycle import FinishReason
from core.domain.order import Trade

Key = TypeVar("Key", bound=Hashable)

# Special client order ids, from the venue's documentation of its user stream.
_PREFIXES = {
    "autoclose-": FinishReason.LIQUIDATION,
    "adl_autoclose": FinishReason.LIQUIDATION,
    "settlement_autoclose-": FinishReason.DELISTED,
}
_DIGITS = Decimal("1e-8")  # the venue's own precision of money


def closed_by_venue(client_order_id: str) -> FinishReason | None:
    """What an order of the venue's own ends a strategy with; None for anybody else's order."""
    return next((reason for prefix, reason in _PREFIXES.items() if client_order_id.startswith(prefix)), None)


def split_trade(trade: Trade, positions: Mapping[Key, Decimal], step: Decimal) -> dict[Key, Trade]:
    """The trade over the signed positions (base) that it has closed, in proportion and in whole steps.

    What rounding leaves goes to the largest. Nobody on the closed side: to the first key. The shares sum to the trade.
    """
    closed = {key: abs(held) for key, held in positions.items() if held * trade.side.sign < 0}
    if not closed:
        return {next(iter(positions)): trade}
    largest = max(closed, key=lambda key: closed[key])
    total = sum(closed.values(), ZERO)
    with localcontext(EXACT):
        quantities = {
            key: floor_to(Fraction(trade.quantity) * Fraction(held) / Fraction(total), step)
            for key, held in closed.items()
        }
        quantities[largest] += trade.quantity - sum(quantities.values(), ZERO)
    return _with_money(trade, {key: quantity for key, quantity in quantities.items() if quantity}, largest)


def _with_money(trade: Trade, quantities: Mapping[Key, Decimal], largest: Key) -> dict[Key, Trade]:
    shares = {
        key: replace(
            trade,
            quantity=quantity,
            fee=_part(trade.fee, quantity, trade.quantity),
            realized_pnl=_part(trade.realized_pnl, quantity, trade.quantity),
        )
        for key, quantity in quantities.items()
    }
    with localcontext(EXACT):
        fee_left = trade.fee - sum((share.fee for share in shares.values()), ZERO)
        pnl_left = trade.realized_pnl - sum((share.realized_pnl for share in shares.values()), ZERO)
        kept = shares[largest]
        shares[largest] = replace(kept, fee=kept.fee + fee_left, realized_pnl=kept.realized_pnl + pnl_left)
    return shares


def _part(amount: Decimal, quantity: Decimal, whole: Decimal) -> Decimal:
    with localcontext(PRECISE):
        return (amount * quantity / whole).quantize(_DIGITS, ROUND_DOWN)
