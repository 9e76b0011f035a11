"""Recorded candles and funding, walked through as fast as the grids follow."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from core.candle_files import Candle, Payment, candles_of, payments_of

DATA = Path(__file__).parents[3] / "shared" / "data"
SYMBOL = "BTCUSDT"
CANDLES = DATA / "BTCUSDT_klines_1m_2025-05-04_2025-06-03.csv.gz"
FUNDING = DATA / "BTCUSDT_funding_2025-03-06_2025-06-03.csv.gz"
LARGEST_LEAP = Decimal("0.003")  # of the price: marks are to come near whatever is judged on them


@dataclass(frozen=True, slots=True)
class Recording:
    """What has been paid within the candles' time is in `payments`."""

    candles: Sequence[Candle]
    payments: Sequence[Payment]

    @property
    def opened(self) -> Decimal:
        return self.candles[0].open

    @property
    def lowest(self) -> Decimal:
        return min(candle.low for candle in self.candles)

    @property
    def highest(self) -> Decimal:
        return max(candle.high for candle in self.candles)

    def points(self) -> Iterator[tuple[int, Decimal, Decimal | None]]:
        """(candle, price, rate of the funding that is paid there, if any)."""
        due = iter(self.payments)
        payment = next(due, None)
        for number, candle in enumerate(self.candles):
            rate = None
            while payment is not None and payment.at <= candle.opened_ms:
                rate, payment = payment.rate, next(due, None)
            for price in candle.path():
                yield number, price, rate
                rate = None


def read(candles: Path, funding: Path, first: int = 0, count: int | None = None) -> Recording:
    """`count` candles from the `first` on. Raises ConfigurationError where a file can't be read."""
    chosen = list(candles_of(candles))[first : None if count is None else first + count]
    begin, end = chosen[0].opened_ms, chosen[-1].opened_ms
    return Recording(chosen, [one for one in payments_of(funding) if begin < one.at <= end])


def leads_nowhere(price: Decimal, at: Decimal, lines: Sequence[Decimal]) -> bool:
    """Whether nothing rests between where the market is and `price`; `lines` rise."""
    low, high = min(at, price), max(at, price)
    next_line = bisect_left(lines, low)
    rests = next_line < len(lines) and lines[next_line] <= high
    return not rests and abs(price - at) < at * LARGEST_LEAP
