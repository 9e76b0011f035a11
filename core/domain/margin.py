"""The margin of a whole account: its ratio, and where each position is liquidated beside all the others."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from core.domain.exact import EXACT, PRECISE, ZERO
from core.domain.risk import liquidation_price, maintenance_margin
from core.domain.symbol_rules import Bracket


@dataclass(frozen=True, slots=True)
class Holding:
    """An account's position on one symbol: `quantity` signed (base), prices in quote.

    `isolated` is the margin that is set aside for it (quote), None where it is cross-margined.
    """

    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal
    brackets: Sequence[Bracket]
    isolated: Decimal | None = None

    @property
    def unrealized(self) -> Decimal:
        with localcontext(EXACT):
            return self.quantity * (self.mark_price - self.entry_price)

    @property
    def maintenance(self) -> Decimal:
        return maintenance_margin(abs(self.quantity) * self.mark_price, self.brackets)


def margin_ratio(wallet: Decimal, holdings: Iterable[Holding]) -> Decimal:
    """Maintenance margin / margin balance of the cross-margined positions: liquidated at 1. `wallet` in quote, with
    what is set aside for isolated positions."""
    crossed, balance = _crossed(wallet, holdings)
    maintenance = sum((one.maintenance for one in crossed), ZERO)
    with localcontext(PRECISE):
        balance += sum((one.unrealized for one in crossed), ZERO)
        if not maintenance:
            return ZERO
        return maintenance / balance if balance > maintenance else Decimal(1)


def liquidation_prices(wallet: Decimal, holdings: Mapping[str, Holding]) -> dict[str, Decimal | None]:
    """By symbol, with all other marks as they are; None where no price liquidates it. Not rounded."""
    crossed, balance = _crossed(wallet, holdings.values())
    with localcontext(EXACT):
        spare = balance + sum((one.unrealized - one.maintenance for one in crossed), ZERO)
        behind = {
            symbol: spare - one.unrealized + one.maintenance if one.isolated is None else one.isolated
            for symbol, one in holdings.items()
        }
    return {
        symbol: liquidation_price(one.quantity, one.entry_price, behind[symbol], one.brackets)
        for symbol, one in holdings.items()
    }


def _crossed(wallet: Decimal, holdings: Iterable[Holding]) -> tuple[list[Holding], Decimal]:
    """The cross-margined ones, and the wallet that stands behind them."""
    known = list(holdings)
    set_aside = sum((one.isolated for one in known if one.isolated is not None), ZERO)
    return [one for one in known if one.isolated is None], wallet - set_aside
