"""Maintenance margin from tiered brackets, liquidation prices, and stops.

Liquidation is where margin balance = maintenance margin, with the bracket of the notional at that very price
(maintenance = notional * rate - cum): https://www.binance.com/en/support/faq/b3c689c1f50a44cabb3a84e663b81d93
"""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction

from core.domain.exact import EXACT, PRECISE, ZERO, ceil_to, floor_to
from core.domain.order import Side
from core.domain.parameters import Parameters, StrategyType
from core.domain.symbol_rules import Bracket, SymbolRules

PCT_STEP = Decimal("0.0001")


def bracket_of(notional: Decimal, brackets: Sequence[Bracket]) -> Bracket:
    """The tier of a notional (quote); beyond the last cap, the last."""
    return next((bracket for bracket in brackets if notional <= bracket.notional_cap), brackets[-1])


def maintenance_margin(notional: Decimal, brackets: Sequence[Bracket]) -> Decimal:
    """In quote, for a notional at mark price."""
    bracket = bracket_of(notional, brackets)
    with localcontext(EXACT):
        return notional * bracket.maintenance_rate - bracket.cum


def max_leverage(notional: Decimal, brackets: Sequence[Bracket]) -> int:
    """The highest leverage with which a position of this notional (quote) is allowed; 0 beyond the last bracket."""
    return bracket_of(notional, brackets).max_leverage if notional <= brackets[-1].notional_cap else 0


def max_notional(leverage: int, brackets: Sequence[Bracket]) -> Decimal:
    """The largest notional (quote) that is allowed with this leverage; 0 where none is."""
    return max((bracket.notional_cap for bracket in brackets if bracket.max_leverage >= leverage), default=ZERO)


def liquidation_price(
    position: Decimal, entry_price: Decimal, wallet_balance: Decimal, brackets: Sequence[Bracket]
) -> Decimal | None:
    """Where a signed position (base) that `wallet_balance` (quote) stands behind is liquidated; None if nowhere.

    Not rounded. A cross-margined position counts the wallet less what other positions lose and need.
    """
    if not position or not brackets:
        return None
    run_dry = _falling_notional if position > 0 else _rising_notional
    with localcontext(PRECISE):
        notional = run_dry(abs(position) * entry_price, wallet_balance, brackets)
        return notional / abs(position) if notional > 0 else None


def _falling_notional(entry: Decimal, wallet: Decimal, brackets: Sequence[Bracket]) -> Decimal:
    """The notional at which a long position of notional `entry` runs out of margin, looking from above.

    It lies in the first tier that reaches down to its own solution, or on the tier's cap where maintenance jumps there.
    """
    for bracket in reversed(brackets):
        notional = (entry - wallet - bracket.cum) / (1 - bracket.maintenance_rate)
        if notional >= bracket.notional_floor:
            return notional if bracket is brackets[-1] else min(notional, bracket.notional_cap)
    return ZERO


def _rising_notional(entry: Decimal, wallet: Decimal, brackets: Sequence[Bracket]) -> Decimal:
    """The same for a short position, looking from below."""
    for bracket in brackets:
        notional = (entry + wallet + bracket.cum) / (1 + bracket.maintenance_rate)
        if notional <= bracket.notional_cap or bracket is brackets[-1]:
            return max(notional, bracket.notional_floor)
    return ZERO


def is_before(first: Decimal, second: Decimal, side: Side) -> bool:
    """Whether a price that moves against exposure of `side` passes `first` before `second`, or both at once."""
    return first >= second if side is Side.BUY else first <= second


def stop_prices(
    parameters: Parameters, lower: Decimal, upper: Decimal, rules: SymbolRules
) -> tuple[Decimal | None, Decimal | None]:
    """(stop_loss, take_profit) for the range as it is now, percentages turned into prices on the tick."""
    below, above = outwards(parameters.strategy_type)
    loss, profit = parameters.stop_loss, parameters.take_profit
    if parameters.stop_loss_pct is not None:
        loss = _beyond(parameters.stop_loss_pct, lower, upper, below, rules)
    if parameters.take_profit_pct is not None:
        profit = _beyond(parameters.take_profit_pct, lower, upper, above, rules)
    return loss, profit


def stop_range(
    direction: int, lower: Decimal, upper: Decimal, entry_price: Decimal | None, rules: SymbolRules
) -> tuple[Decimal, Decimal]:
    """The lowest and highest price of a stop that lies below (-1) or above (1) the range, and the entry where given."""
    tick = rules.tick_size
    if direction < 0:
        edge = lower if entry_price is None else min(lower, entry_price)
        return max(rules.min_price, tick), ceil_to(Fraction(edge), tick) - tick
    edge = upper if entry_price is None else max(upper, entry_price)
    return floor_to(Fraction(edge), tick) + tick, rules.max_price


def stop_pct_range(
    direction: int, lower: Decimal, upper: Decimal, entry_price: Decimal | None, rules: SymbolRules
) -> tuple[Decimal, Decimal]:
    """The same in percent beyond the edge of the range."""
    low, high = stop_range(direction, lower, upper, entry_price, rules)
    edge = Fraction(lower if direction < 0 else upper)
    near, far = (high, low) if direction < 0 else (low, high)
    least, most = (abs(Fraction(price) - edge) / edge * 100 for price in (near, far))
    return ceil_to(least, PCT_STEP), floor_to(most, PCT_STEP)


def losing_bounds(
    strategy_type: StrategyType, stop_loss: Decimal | None, take_profit: Decimal | None
) -> dict[Side, Decimal]:
    """The prices at which a stop closes a loss, by the side of the exposure that loses there: BUY for long."""
    if strategy_type is StrategyType.BEARISH:
        bounds = {Side.SELL: stop_loss}
    elif strategy_type is StrategyType.BULLISH:
        bounds = {Side.BUY: stop_loss}
    else:
        bounds = {Side.BUY: stop_loss, Side.SELL: take_profit}
    return {side: price for side, price in bounds.items() if price is not None}


def exposure_pnl(opening_side: Side, quantity: Decimal, entry_price: Decimal, mark: Decimal) -> Decimal:
    """Signed PnL (quote) of `quantity` (base) opened at `entry_price`: what cell_loss_limit is judged on."""
    with localcontext(EXACT):
        return opening_side.sign * quantity * (mark - entry_price)


def loss_price(opening_side: Side, quantity: Decimal, entry_price: Decimal, loss: Decimal) -> Decimal:
    """Where `quantity` (base) opened at `entry_price` has lost `loss` (quote); not above 0 where a price can't."""
    with localcontext(PRECISE):
        return entry_price - opening_side.sign * loss / quantity


def exceeds_loss(pnl: Decimal, limit: Decimal | None) -> bool:
    """Whether a cell's PnL (quote) is a loss of at least `limit`."""
    return limit is not None and -pnl >= limit


def outwards(strategy_type: StrategyType) -> tuple[int, int]:
    """The directions in which stop-loss and take-profit lie from the range: -1 is below, 1 above."""
    return (1, -1) if strategy_type is StrategyType.BEARISH else (-1, 1)


def _beyond(pct: Decimal, lower: Decimal, upper: Decimal, direction: int, rules: SymbolRules) -> Decimal:
    edge = lower if direction < 0 else upper
    with localcontext(EXACT):
        return rules.round_price(edge * (100 + direction * pct) / 100)
