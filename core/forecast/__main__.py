"""`python -m core.forecast`: how right forecasts would have been over recorded candles."""

import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from core.backtest.__main__ import AMOUNT, bare_rules
from core.candle_files import candles_of
from core.candles.packing import Series, merged, series_of
from core.errors import ConfigurationError, GridkeeperError
from core.forecast.calibration import FIGURES, Cut, cuts
from core.forecast.moves import moves_of
from core.forecast.outcomes import MINUTES_A_DAY

MAKER_FEE, TAKER_FEE = Decimal("0.0002"), Decimal("0.0005")


@click.command(context_settings={"show_default": True})
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--symbol", default="SYMBOL")
@click.option("--tick-size", type=AMOUNT, required=True)
@click.option("--step-size", type=AMOUNT, required=True)
@click.option("--window-days", default=14.0, help="of what is known at a cut")
@click.option("--horizon-days", default=7.0)
@click.option("--every-days", default=0.5, help="between two cuts")
@click.option("--halves", is_flag=True, help="one cut, in the middle: the second half as forecast from the first")
def main(  # noqa: PLR0917 - the options
    files: tuple[Path, ...],
    symbol: str,
    tick_size: Decimal,
    step_size: Decimal,
    window_days: float,
    horizon_days: float,
    every_days: float,
    halves: bool,
) -> None:
    """Candles of one minute in FILES (in order): grids of each type are forecast at many moments, from what was known
    then, and run on what followed."""
    try:
        rules = bare_rules(symbol, tick_size, step_size, maker_fee=MAKER_FEE, taker_fee=TAKER_FEE)
        series = merged([_read(file) for file in files])
        span = len(series) / MINUTES_A_DAY
        if halves:
            window_days = horizon_days = every_days = max(1, span // 2)
        opened = Decimal(int(series.prices[0, 0])).scaleb(-series.decimals)
        found = list(cuts(moves_of(series), opened, rules, window_days, horizon_days, every_days))
    except GridkeeperError as error:
        raise click.ClickException(str(error)) from error
    if not found:
        needed = window_days + horizon_days
        raise click.ClickException(f"too little history: {span:.2f} days are there, {needed:g} are needed")
    _show_halves(found) if halves else _show_shares(found)


def _read(file: Path) -> Series:
    candles = list(candles_of(file))
    if not candles:
        raise ConfigurationError(f"{file}: no candles in it")
    rows = [(candle.open, candle.high, candle.low, candle.close) for candle in candles]
    return series_of([candle.opened_ms for candle in candles], rows)


def _show_halves(found: Sequence[Cut]) -> None:
    table = Table("type", "figure", "5 %", "median", "95 %", "came", "")
    for cut in found:
        numbers = (f"{value:,.2f}" for value in (cut.low, cut.median, cut.high, cut.truth))
        table.add_row(cut.strategy_type, cut.figure, *numbers, ("below", "inside", "above")[cut.place + 1])
    Console().print(table)


def _show_shares(found: Sequence[Cut]) -> None:
    moments = len({cut.day for cut in found})
    table = Table("type", "figure", "below", "inside", "above", title=f"{moments} cuts; inside should be 90 %")
    for strategy_type in sorted({cut.strategy_type for cut in found}):
        for figure in FIGURES:
            places = [cut.place for cut in found if (cut.strategy_type, cut.figure) == (strategy_type, figure)]
            shares = (f"{100 * places.count(place) / len(places):.0f} %" for place in (-1, 0, 1))
            table.add_row(strategy_type, figure, *shares)
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
