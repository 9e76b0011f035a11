"""Where the simulated exchange's prices come from: a seeded random market, or a file of recorded candles.

A feed is a sequence of steps: wait, then move one symbol to a price, or apply one funding payment to it. It knows no
clock and does no waiting of its own.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Protocol

from core.candle_files import candles_of
from core.errors import ConfigurationError
from core.paper.symbols import EXCHANGE_INFO_SYMBOLS, START_PRICES

FUNDING_RATE = Decimal("0.0001")  # paid at each funding time of a replay; the venue's usual rate, 0.01 %
FUNDING_INTERVAL_MS = 8 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Step:
    """Wait `delay_s` seconds, then move the symbol to `price` (quote), or apply one funding payment at `funding_rate`
    (a fraction of the notional, positive: longs pay). Exactly one of the two is set."""

    delay_s: float
    symbol: str
    price: Decimal | None
    funding_rate: Decimal | None


class Feed(Protocol):
    def steps(self) -> Iterator[Step]: ...


def make_feed(spec: str, speed: float, start_prices: Mapping[str, Decimal]) -> Feed | None:
    """The feed that PAPER_FEED names: `synthetic`, `replay:FILE`, or None for `manual`.

    `speed` is how many times faster than real time it runs. A replay's file is read through once, so that a bad row
    is a ConfigurationError here and not in the middle of a run.
    """
    if speed <= 0:
        raise ConfigurationError(f"PAPER_SPEED must be above 0, not {speed}")
    kind, _, argument = spec.partition(":")
    if kind == "manual":
        return None
    if kind == "synthetic":
        return SyntheticFeed(speed, start_prices)
    if kind == "replay":
        return ReplayFeed(Path(argument), speed, start_prices)
    if kind == "live":
        raise ConfigurationError("PAPER_FEED=live can't be used yet: choose synthetic, replay:FILE or manual")
    raise ConfigurationError(f"PAPER_FEED={spec} is none of synthetic, replay:FILE, manual, live")


# --- synthetic ---------------------------------------------------------------------------------------------------

SEED = 20261122
MOVES_PER_SECOND = 2.0  # of each symbol
_VOLATILITY = (
    0.0004  # standard deviation of one move, as a fraction of the anchor: a cell of 0.3 % takes about a minute
)
_REVERSION = 1 / 700  # part of the distance to the anchor that one move takes back
_BURST_CHANCE = 1 / 300  # per move
_BURST_MOVES = (4, 10)
_BURST_STRENGTH = 3.0  # a burst's drift, in standard deviations a move
_FARTHEST = 0.10  # from the anchor, as a fraction; farther only where it set out farther


class SyntheticFeed:
    """Every listed symbol in trading on its own seeded walk, offline and the same each time.

    It sets out from the price it is given and keeps returning to the listing's start price, so that a venue which is
    restarted many times does not drift away.
    """

    def __init__(self, speed: float, start_prices: Mapping[str, Decimal]) -> None:
        ticks = _ticks_of_trading_symbols()
        self._prices = {symbol: price for symbol, price in start_prices.items() if symbol in ticks}
        self._ticks = ticks
        self._delay_s = 1 / (MOVES_PER_SECOND * speed * max(1, len(self._prices)))

    def steps(self) -> Iterator[Step]:
        walks = {symbol: self._walk(symbol, start) for symbol, start in self._prices.items()}
        while walks:
            for symbol, walk in walks.items():
                yield Step(self._delay_s, symbol, next(walk), None)

    def _walk(self, symbol: str, start: Decimal) -> Iterator[Decimal]:
        random = Random(f"{SEED} {symbol} {start.normalize()}")  # noqa: S311  a market, not a secret
        return _walk(random, start, START_PRICES[symbol], self._ticks[symbol])


def _ticks_of_trading_symbols() -> dict[str, Decimal]:
    return {
        listing["symbol"]: Decimal(one["tickSize"])
        for listing in EXCHANGE_INFO_SYMBOLS
        if listing["status"] == "TRADING"
        for one in listing["filters"]
        if one["filterType"] == "PRICE_FILTER"
    }


def _walk(random: Random, start: Decimal, anchor: Decimal, tick: Decimal) -> Iterator[Decimal]:
    """Prices in whole ticks that wander around `anchor` and come back to it, with a burst now and then."""
    middle = int(anchor / tick)
    deviation = max(1.0, middle * _VOLATILITY)
    offset = int(start / tick) - middle
    lowest, highest = min(offset, -int(middle * _FARTHEST)), max(offset, int(middle * _FARTHEST))
    drifts = _drifts(random)
    while True:
        pull = -offset * _REVERSION
        offset += round(random.gauss(pull + next(drifts) * deviation, deviation))
        offset = max(lowest, min(highest, offset))
        yield (middle + offset) * tick


def _drifts(random: Random) -> Iterator[float]:
    """The drift of each move in standard deviations: 0, but for the moves of a burst."""
    while True:
        if random.random() >= _BURST_CHANCE:
            yield 0.0
            continue
        drift = random.choice((-_BURST_STRENGTH, _BURST_STRENGTH))
        yield from [drift] * random.randint(*_BURST_MOVES)


# --- replay ------------------------------------------------------------------------------------------------------


class ReplayFeed:
    """A file of candles, at the file's own pace divided by the speed, with funding each 8 h of the file's time.

    FILE is a CSV, plain, .gz or .zip. Its name begins with the symbol it holds.
    """

    def __init__(self, file: Path, speed: float, start_prices: Mapping[str, Decimal]) -> None:
        self._file = file
        self._speed = speed
        self._symbol = _symbol_of(file, start_prices)
        self._span_ms = _check(file)

    def steps(self) -> Iterator[Step]:
        before: int | None = None
        for at, price in self._points():
            for funding_at in _funding_times(before, at):
                yield Step(self._delay_s(before, funding_at), self._symbol, None, FUNDING_RATE)
                before = funding_at
            yield Step(self._delay_s(before, at), self._symbol, price, None)
            before = at

    def _points(self) -> Iterator[tuple[int, Decimal]]:
        """(file time in ms, price): each candle's path at the quarters of its span."""
        for candle in candles_of(self._file):
            for quarter, price in enumerate(candle.path()):
                yield candle.opened_ms + self._span_ms * quarter // 4, price

    def _delay_s(self, before: int | None, at: int) -> float:
        return 0.0 if before is None else (at - before) / 1000 / self._speed


def _funding_times(before: int | None, at: int) -> range:
    """The funding times after `before` and up to `at`, in ms; none before the first price."""
    if before is None:
        return range(0)
    first = (before // FUNDING_INTERVAL_MS + 1) * FUNDING_INTERVAL_MS
    return range(first, at + 1, FUNDING_INTERVAL_MS)


def _symbol_of(file: Path, start_prices: Mapping[str, Decimal]) -> str:
    """The listed symbol that the file's name begins with: BTCUSDT-1m-2026-06.csv.gz, BTCUSDT_klines_1m.csv."""
    name = file.name.upper()
    fitting = [symbol for symbol in start_prices if re.match(rf"{re.escape(symbol)}([^A-Z0-9]|$)", name)]
    if not fitting:
        raise ConfigurationError(f"{file}: the file's name must begin with the symbol of a listed contract")
    return max(fitting, key=len)  # BTCUSDT_261225 before BTCUSDT


def _check(file: Path) -> int:
    """Reads every row once; the span of one candle in ms (the smallest distance between two), a minute if alone."""
    opened = [candle.opened_ms for candle in candles_of(file)]
    if not opened:
        raise ConfigurationError(f"{file}: no candles in it")
    return min((later - earlier for earlier, later in pairwise(opened)), default=60_000)
