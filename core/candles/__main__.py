"""`python -m core.candles`: files of recorded candles into the table that forecasts are made from."""

import sys
from itertools import pairwise
from pathlib import Path

import click

from core.candle_files import candles_of
from core.candles import store
from core.candles.packing import Series, series_of
from core.candles.store import MINUTE_MS
from core.db import Session
from core.errors import ConfigurationError, GridkeeperError


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--exchange", default="binance", show_default=True, help="whose candles they are")
@click.option("--symbol", required=True)
def main(files: tuple[Path, ...], exchange: str, symbol: str) -> None:
    """Imports candles of one minute from FILES: .csv, .csv.gz or .zip, with a header or as the public archive's."""
    try:
        for file in files:
            click.echo(f"{file}: {_imported(file, exchange, symbol)}")
    except GridkeeperError as error:
        raise click.ClickException(str(error)) from error


def _imported(file: Path, exchange: str, symbol: str) -> str:
    found = _read(file)
    with Session.begin() as session:
        days = store.add(session, exchange, symbol, found)
    missing = int(found.times[-1] - found.times[0]) // MINUTE_MS + 1 - len(found)
    return f"{len(found)} candles of {days} days" + (f", {missing} are missing between them" if missing else "")


def _read(file: Path) -> Series:
    """Raises ConfigurationError, which names row and reason."""
    candles = list(candles_of(file))
    if not candles:
        raise ConfigurationError(f"{file}: no candles in it")
    if min((later.opened_ms - one.opened_ms for one, later in pairwise(candles)), default=MINUTE_MS) != MINUTE_MS:
        raise ConfigurationError(f"{file}: its candles are not of one minute")
    for candle in candles:
        if candle.opened_ms % MINUTE_MS:
            raise ConfigurationError(f"{file}, row {candle.row}: open_time {candle.opened_ms} is no whole minute")
    rows = [(candle.open, candle.high, candle.low, candle.close) for candle in candles]
    return series_of([candle.opened_ms for candle in candles], rows)


if __name__ == "__main__":
    sys.exit(main())
