"""Files of recorded candles and funding: CSV, plain, .gz or .zip, with a header or, for candles, the public archive's
columns without one."""

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TextIO

from core.errors import ConfigurationError

_COLUMNS = ["open_time", "open", "high", "low", "close"]  # where the public archive has them when there is no header
_FUNDING_COLUMNS = ["funding_time", "funding_rate"]


@dataclass(frozen=True, slots=True)
class Candle:
    """`opened_ms` since 1970; prices in quote; `row` is its line in the file, 0 where it comes from none."""

    opened_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    row: int = 0

    def path(self) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        """The order in which the candle visits its four prices, by the backtest's convention."""
        if self.close >= self.open:
            return self.open, self.low, self.high, self.close
        return self.open, self.high, self.low, self.close


@dataclass(frozen=True, slots=True)
class Payment:
    """A funding payment: ms since 1970, the rate as a fraction (positive: longs pay), the mark price where known."""

    at: int
    rate: Decimal
    mark: Decimal | None = None


def candles_of(file: Path, bad: list[str] | None = None) -> Iterator[Candle]:
    """In order. Raises ConfigurationError, which names row and reason, and where the file can't be read.

    Where `bad` is given, rows that are no candle are named there and left out, and the others come in whatever order.
    """
    opened_before = -1
    for number, row in _rows(file, _COLUMNS):
        try:
            candle = _candle(row, number)
            if bad is None and candle.opened_ms <= opened_before:
                raise ValueError(f"open_time {candle.opened_ms} is not after the row before it")
        except ValueError as error:
            if bad is not None:
                bad.append(f"row {number}: left out, {error}")
                continue
            raise ConfigurationError(f"{file}, row {number}: {error}") from error
        opened_before = candle.opened_ms
        yield candle


def payments_of(file: Path) -> Iterator[Payment]:
    """Columns `funding_time` (ms), `funding_rate` and, where there is one, `mark_price`. Raises ConfigurationError."""
    for number, row in _rows(file, _FUNDING_COLUMNS):
        try:
            mark = row.get("mark_price")
            yield Payment(
                _time("funding_time", row["funding_time"]),
                _number("funding_rate", row["funding_rate"]),
                _price("mark_price", mark) if mark else None,
            )
        except (ValueError, KeyError) as error:
            raise ConfigurationError(f"{file}, row {number}: {error}") from error


def _rows(file: Path, columns: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """(row number in the file, value of each column) of every row that is neither empty nor the header."""
    try:
        with _opened(file) as text:
            rows = csv.reader(text)
            names: list[str] = []
            for row in filter(None, rows):
                if not names:
                    names = _column_names(file, row, columns)
                    if names is not columns:
                        continue  # this row was the header
                yield rows.line_num, dict(zip(names, row, strict=False))
    except (OSError, EOFError, UnicodeDecodeError, csv.Error, zlib.error, zipfile.BadZipFile) as error:
        raise ConfigurationError(f"{file} can't be read: {error}") from error


def _column_names(file: Path, first_row: list[str], columns: list[str]) -> list[str]:
    """The header's names; the first of those wanted where the file starts with a number instead."""
    if first_row[0].strip().isdigit():
        return columns
    names = [name.strip().lower() for name in first_row]
    missing = [name for name in columns if name not in names]
    if missing:
        raise ConfigurationError(f"{file}, row 1: the header names no {', '.join(missing)}")
    return names


def _candle(row: Mapping[str, str], number: int) -> Candle:
    """Raises ValueError with the reason where the row is no candle."""
    missing = [name for name in _COLUMNS if not row.get(name)]
    if missing:
        raise ValueError(f"no value for {', '.join(missing)}")
    opened, high, low, closed = (_price(name, row[name]) for name in _COLUMNS[1:])
    candle = Candle(_time("open_time", row["open_time"]), opened, high, low, closed, number)
    if not candle.low <= min(candle.open, candle.close) <= max(candle.open, candle.close) <= candle.high:
        raise ValueError(f"low {candle.low} .. high {candle.high} does not hold open and close")
    return candle


def _time(name: str, text: str) -> int:
    if not text.strip().isdigit():
        raise ValueError(f"{name} {text!r} is not a time in ms")
    return int(text)


def _price(name: str, text: str) -> Decimal:
    price = _decimal(text)
    if not price.is_finite() or price <= 0:
        raise ValueError(f"{name} {text!r} is not a price above 0")
    return price


def _number(name: str, text: str) -> Decimal:
    number = _decimal(text)
    if not number.is_finite():
        raise ValueError(f"{name} {text!r} is not a number")
    return number


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")


@contextmanager
def _opened(file: Path) -> Iterator[TextIO]:
    """The file's text, unpacked by what its name ends with."""
    if file.suffix == ".gz":
        with gzip.open(file, "rt", encoding="utf-8-sig", newline="") as text:
            yield text
    elif file.suffix == ".zip":
        with zipfile.ZipFile(file) as archive, archive.open(_only_csv(archive)) as packed:
            yield io.TextIOWrapper(packed, encoding="utf-8-sig", newline="")
    else:
        with file.open(encoding="utf-8-sig", newline="") as text:
            yield text


def _only_csv(archive: zipfile.ZipFile) -> str:
    names = [name for name in archive.namelist() if name.lower().endswith(".csv")]
    if len(names) != 1:
        raise zipfile.BadZipFile(f"it holds {len(names)} CSV files, not one")
    return names[0]
