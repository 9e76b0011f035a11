"""Candles to replay: from a kline file, or made up."""

import csv
import gzip
import io
import random
import re
import zipfile
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from core.errors import ConfigurationError

MADE_UP_SYMBOL = "BTCUSDT"
_COLUMNS = ("open_time", "open", "high", "low", "close")
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Candle:
    """`open_time` in ms, prices in quote."""

    open_time: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal

    def path(self) -> tuple[Decimal, ...]:
        """The way the price is taken to have gone."""
        if self.close >= self.open:
            return (self.open, self.low, self.high, self.close)
        return (self.open, self.high, self.low, self.close)


def read(file: Path) -> list[Candle]:
    """A CSV (also .gz, .zip) whose header names at least open_time, open, high, low, close, or that has the public
    archive's columns without a header. Raises ConfigurationError naming the row that can't be read."""
    rows = csv.reader(io.StringIO(_text_of(file)))
    first = next(rows, [])
    named = "open_time" in first
    places = [first.index(name) if name in first else -1 for name in _COLUMNS] if named else list(range(5))
    if -1 in places:
        raise ConfigurationError(f"{file.name}: the header lacks {_COLUMNS[places.index(-1)]}")
    body = enumerate(rows, start=2) if named else enumerate([first, *rows], start=1)
    candles = [_candle(file, number, row, places) for number, row in body if row]
    if not candles:
        raise ConfigurationError(f"{file.name} holds no candles")
    return candles


def symbol_of(file: Path) -> str:
    """The symbol that a file's name begins with, as in BTCUSDT-1m-2026-06.csv."""
    found = re.match(r"[A-Z0-9]+USDT", file.name)
    if found is None:
        raise ConfigurationError(f"{file.name}: the name must begin with the symbol, as in BTCUSDT-1m-2026-06.csv")
    return found[0]


def made_up(minutes: int = 720, seed: int = 7) -> list[Candle]:
    """Half a day that keeps coming back to where it began, the same for every seed; prices in ticks of 0.1."""
    dice = random.Random(seed)  # noqa: S311 - no secret is made of it
    middle = price = 600_000
    candles = []
    for minute in range(minutes):
        points = [price := _next_price(dice, price, middle) for _ in range(4)]
        opened, closed = points[0], points[-1]
        prices = (Decimal(ticks) / 10 for ticks in (opened, max(points), min(points), closed))
        candles.append(Candle(minute * _MINUTE_MS, *prices))
    return candles


def _next_price(dice: random.Random, price: int, middle: int) -> int:
    return price + round(dice.gauss((middle - price) * 0.001, 700))


def _text_of(file: Path) -> str:
    data = file.read_bytes()
    if file.suffix == ".gz":
        data = gzip.decompress(data)
    elif file.suffix == ".zip":
        with zipfile.ZipFile(file) as archive:
            data = archive.read(archive.namelist()[0])
    return data.decode()


def _candle(file: Path, number: int, row: list[str], places: list[int]) -> Candle:
    try:
        open_time, *prices = (row[place] for place in places)
        candle = Candle(int(open_time), *map(Decimal, prices))
        sound = 0 < candle.low <= min(candle.path()) <= max(candle.path()) <= candle.high
    except (IndexError, ValueError, InvalidOperation):  # comparing NaN raises, too
        raise ConfigurationError(f"{file.name}, row {number}: not a candle") from None
    if not sound:
        raise ConfigurationError(f"{file.name}, row {number}: the prices contradict each other")
    return candle
