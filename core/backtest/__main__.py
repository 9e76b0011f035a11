"""`python -m core.backtest`: a grid over a file of candles."""

import csv
import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import track
from rich.table import Table

from core import clock
from core.backtest.candles import Market, in_ticks
from core.backtest.entry import entry_of
from core.backtest.optimiser import Tried, neighbours, rank, tried
from core.backtest.repair import repaired
from core.backtest.simulator import Result, simulate
from core.candle_files import Candle, candles_of, payments_of
from core.domain.parameters import GridType, Parameters, Sizing, StrategyType
from core.domain.symbol_rules import SymbolRules
from core.errors import ConfigurationError, GridkeeperError, Refused
from core.symbols import rules_of

MOST_SHOWN = 10
_MONEY = ("total_pnl", "grid_profit", "unrealized_pnl", "fees", "funding", "max_drawdown")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT = click.Path(dir_okay=False, writable=True, path_type=Path)


class Amount(click.ParamType[Decimal]):
    """An exact decimal."""

    name = "decimal"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        try:
            number = Decimal(value)
        except ArithmeticError:
            number = Decimal("NaN")
        if not number.is_finite():
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


AMOUNT = Amount()


@click.command(context_settings={"show_default": True})
@click.option("--data", type=_FILE, required=True, help="candles: .csv, .csv.gz or .zip")
@click.option("--symbol", required=True)
@click.option("--lower", type=AMOUNT, required=True, help="lower price of the range")
@click.option("--upper", type=AMOUNT, required=True, help="upper price of the range")
@click.option("--grids", type=int, required=True, help="number of cells")
@click.option("--grid-type", type=click.Choice(["ARITHMETIC", "GEOMETRIC"]), default="ARITHMETIC")
@click.option("--strategy-type", type=click.Choice(list(StrategyType)), default="NEUTRAL")
@click.option("--sizing", type=click.Choice(list(Sizing)), default="EQUAL_NOTIONAL")
@click.option("--investment", type=AMOUNT, required=True, help="USDT")
@click.option("--leverage", type=click.IntRange(1), required=True)
@click.option("--reserve", type=AMOUNT, default="0.02", help="part of the budget kept for fees and funding")
@click.option("--tick-size", type=AMOUNT, help="with --step-size: instead of the symbol's cached rules")
@click.option("--step-size", type=AMOUNT)
@click.option("--exchange", default="binance", help="whose cached rules")
@click.option("--maker-fee", type=AMOUNT, default="0.0002")
@click.option("--taker-fee", type=AMOUNT, default="0.0005")
@click.option("--funding", type=_FILE, help="CSV: funding_time (ms), funding_rate, mark_price where known")
@click.option("--stop-loss", type=AMOUNT)
@click.option("--take-profit", type=AMOUNT)
@click.option("--trigger-price", type=AMOUNT, help="begin where the market reaches it")
@click.option("--trailing-up", type=AMOUNT, help="follow the market, up to this upper price of the range")
@click.option("--trailing-down", type=AMOUNT, help="the same down, to this lower price")
@click.option("--allow-gaps", is_flag=True, help="simulate over missing candles")
@click.option("--repair", is_flag=True, help="make a broken series whole, and say what was done to it")
@click.option("--json", "as_json", is_flag=True, help="for programs")
@click.option("--fills", type=_OUT, help="write every fill to this CSV file")
@click.option("--plot", type=_OUT, help="draw price, lines, fills and equity to this file (needs matplotlib)")
@click.option("--optimise", is_flag=True, help="rank neighbouring ranges and numbers of cells")
def main(as_json: bool, optimise: bool, fills: Path | None, plot: Path | None, **given: Any) -> None:
    """Runs one grid over recorded candles, by the rules that trade, and prints what came of it."""
    try:
        rules = _rules(given)
        parameters = _parameters(given)
        candles = in_ticks(_candles(given), rules.tick_size, allow_gaps=given["allow_gaps"])
        market = Market(candles, [] if given["funding"] is None else payments_of(given["funding"]))
        if optimise:
            _show_ranking(_ranking(parameters, rules, market, quiet=as_json), rules, as_json=as_json)
            return
        began = clock.monotonic()
        result = simulate(parameters, rules, market, record=True)
        seconds = clock.monotonic() - began
        if entry_of(market, parameters.trigger_price) is None:
            click.echo(f"the trigger price {parameters.trigger_price} is not reached: nothing is traded", err=True)
        if fills is not None:
            _write(fills, result)
        if plot is not None:
            _draw(plot, parameters, rules, market, result)
    except GridkeeperError as error:
        raise click.ClickException(_in_words(error)) from error
    _show(result, rules, seconds, as_json=as_json)


def _candles(given: dict[str, Any]) -> Iterable[Candle]:
    if not given["repair"]:
        return candles_of(given["data"])
    candles, done = repaired(given["data"])
    for sentence in done:
        click.echo(f"repaired: {sentence}", err=True)
    return candles


def _parameters(given: dict[str, Any]) -> Parameters:
    return Parameters(
        symbol=given["symbol"],
        grid_type=GridType(given["grid_type"]),
        strategy_type=StrategyType(given["strategy_type"]),
        sizing=Sizing(given["sizing"]),
        lower_price=given["lower"],
        upper_price=given["upper"],
        grid_number=given["grids"],
        total_investment=given["investment"],
        leverage=given["leverage"],
        reserve=given["reserve"],
        stop_loss=given["stop_loss"],
        take_profit=given["take_profit"],
        trigger_price=given["trigger_price"],
        trailing_up=given["trailing_up"],
        trailing_down=given["trailing_down"],
    )


def _rules(given: dict[str, Any]) -> SymbolRules:
    """The symbol's cached ones, or what is given: then nothing is known of minimums and brackets."""
    tick, step = given["tick_size"], given["step_size"]
    fees = {"maker_fee": given["maker_fee"], "taker_fee": given["taker_fee"]}
    if tick is None or step is None:
        try:
            cached = rules_of(given["exchange"], given["symbol"]).rules
        except GridkeeperError as error:
            message = f"the rules of {given['symbol']} are not known ({error}): give --tick-size and --step-size"
            raise ConfigurationError(message) from error
        return replace(cached, **fees, tick_size=tick or cached.tick_size, step_size=step or cached.step_size)
    if min(tick, step) <= 0:
        raise ConfigurationError("--tick-size and --step-size must be above 0")
    return bare_rules(given["symbol"], tick, step, **fees)


def bare_rules(symbol: str, tick: Decimal, step: Decimal, **fees: Decimal) -> SymbolRules:
    most = Decimal(10) ** 18
    return SymbolRules(
        symbol=symbol,
        price_precision=_decimals(tick),
        quantity_precision=_decimals(step),
        tick_size=tick,
        min_price=tick,
        max_price=most,
        step_size=step,
        min_quantity=step,
        max_quantity=most,
        market_step_size=step,
        market_min_quantity=step,
        market_max_quantity=most,
        min_notional=Decimal(0),
        max_num_orders=200,
        percent_price_up=most,
        percent_price_down=Decimal(0),
        brackets=(),
        contract_value=Decimal(1),
        tradable=True,
        delists_at=None,
        **fees,
    )


def _decimals(number: Decimal) -> int:
    return max(0, -int(number.normalize().as_tuple().exponent))


def _ranking(parameters: Parameters, rules: SymbolRules, market: Market, *, quiet: bool) -> list[Tried]:
    sets = neighbours(parameters, rules)
    progress = Console(stderr=True, quiet=quiet)
    done = [one for one in track(tried(sets, rules, market), "grids", len(sets), console=progress) if one is not None]
    if not done:
        raise Refused("nothing_fits", "none of the neighbouring grids can be traded: give more investment or leverage")
    return rank(done)


def _amounts(result: Result) -> dict[str, Any]:
    """The figures of a run under their names, decimals as text; `trailed` where the range has moved."""
    return {
        "total_pnl": _plain(result.total_pnl),
        "grid_profit": _plain(result.grid_profit),
        "unrealized_pnl": _plain(result.unrealized_pnl),
        "fees": _plain(result.fees),
        "funding": _plain(result.funding),
        "round_trips": result.round_trips,
        "fills": result.fills,
        "position": _plain(result.position),
        "max_drawdown": _plain(result.max_drawdown),
        "finish_reason": result.finish_reason,
        **({"trailed": result.trailed} if result.trailed else {}),
    }


def _show(result: Result, rules: SymbolRules, seconds: float, *, as_json: bool) -> None:
    figures = {**_amounts(result), "liquidation": _liquidation(rules), "seconds": round(seconds, 6)}
    if as_json:
        click.echo(json.dumps(figures, indent=2))
        return
    table = Table("figure", "value")
    for name, value in figures.items():
        table.add_row(name.replace("_", " "), "-" if value is None else _rounded(name, value))
    Console().print(table)


def _show_ranking(ranking: list[Tried], rules: SymbolRules, *, as_json: bool) -> None:
    rows = [
        {
            "lower_price": _plain(one.parameters.lower_price),
            "upper_price": _plain(one.parameters.upper_price),
            "grid_number": one.parameters.grid_number,
            **{name: value for name, value in _amounts(one.result).items() if name != "unrealized_pnl"},
        }
        for one in ranking
    ]
    if as_json:
        click.echo(json.dumps({"liquidation": _liquidation(rules), "ranking": rows}, indent=2))
        return
    shown = ("lower_price", "upper_price", "grid_number", "total_pnl", "grid_profit", "max_drawdown", "round_trips")
    table = Table(*(name.replace("_", " ") for name in shown), title="by profit less drawdown, on these candles only")
    for row in rows[:MOST_SHOWN]:
        table.add_row(*(_rounded(name, row[name]) for name in shown))
    Console().print(table)


def _rounded(name: str, value: Any) -> str:
    """For people: money to cents. Programs get every digit."""
    return f"{Decimal(value):,.2f}" if name in _MONEY else str(value)


def _liquidation(rules: SymbolRules) -> str:
    return "simulated" if rules.brackets else "not simulated"


def _write(file: Path, result: Result) -> None:
    with file.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["open_time", "side", "price", "quantity", "fee", "cell_index"])
        for trade in result.trades:
            cell = "" if trade.cell_index is None else trade.cell_index
            rows.writerow([trade.at, trade.side, _plain(trade.price), _plain(trade.quantity), _plain(trade.fee), cell])


def _draw(file: Path, parameters: Parameters, rules: SymbolRules, market: Market, result: Result) -> None:
    try:
        from core.backtest.plot import draw  # noqa: PLC0415 - matplotlib is an extra
    except ImportError as error:
        raise ConfigurationError("--plot needs matplotlib: .venv/bin/pip install matplotlib") from error
    draw(file, parameters, rules, market, result)


def _plain(number: Decimal) -> str:
    """Without exponent and idle zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") or "0" if "." in text else text


def _in_words(error: GridkeeperError) -> str:
    fields = getattr(error, "fields", {})
    return "; ".join(f"{name}: {', '.join(texts)}" for name, texts in fields.items()) or str(error)


if __name__ == "__main__":
    sys.exit(main())
