"""Trades as booked against the exchange's own lines of them, asset by asset. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import takewhile

from core.domain.amounts import Amounts, less, total
from core.domain.ledger import SETTLEMENT_ASSET


@dataclass(frozen=True, slots=True)
class Booked:
    """A fill and what it has brought, before funding. `row` is its number in our table, `theirs` what the exchange's
    lines of the trade come to: None where they are compared elsewhere (a liquidation that several share)."""

    row: int
    trade: int
    gain: Amounts
    theirs: Amounts | None

    @property
    def difference(self) -> Amounts:
        return {} if self.theirs is None else less(self.gain, self.theirs)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`until`: the last row before the first whose trade the exchange has no line of yet; up to there the rows have
    brought `gain`, which is `apart` from the exchange's lines. The rest has brought `rest`."""

    until: int
    gain: Amounts
    apart: Amounts
    rest: Amounts


def gain_of(realized_pnl: Decimal, fee: Decimal, fee_asset: str) -> dict[str, Decimal]:
    """What a trade has moved in the wallet."""
    return total(({SETTLEMENT_ASSET: realized_pnl}, {fee_asset: -fee}))


def compare(rows: Sequence[Booked], last_known: int, start: int = 0) -> Comparison:
    """`rows` rise from `start`; `last_known` is the last trade that the exchange has a line of."""
    known = list(takewhile(lambda row: row.trade <= last_known, rows))
    return Comparison(
        until=known[-1].row if known else start,
        gain=total(row.gain for row in known),
        apart=total(row.difference for row in known),
        rest=total(row.gain for row in rows[len(known) :]),
    )


def in_words(differences: Mapping[str, Amounts]) -> str:
    """`differences`: what is compared, with a gap for the amount -> by how much."""
    return "; ".join(_sentences(differences))


def _sentences(differences: Mapping[str, Amounts]) -> Iterable[str]:
    for sentence, amounts in differences.items():
        for asset, amount in sorted(amounts.items()):
            yield sentence.format(f"{abs(amount).normalize():f} {asset} {'more' if amount > 0 else 'less'}")
