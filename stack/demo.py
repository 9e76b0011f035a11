"""`make demo`: one grid of each strategy type over a replay, on a whole system of its own; do the books balance?"""

import shutil
import tempfile
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from core.clock import monotonic, sleep
from core.config import VAR
from stack import candles as klines
from stack.api import Answer, Api
from stack.candles import Candle
from stack.replay import Step, steps
from stack.session import StackSession
from stack.trader import Outcome, Trader

STRATEGY_TYPES = ("BULLISH", "NEUTRAL", "BEARISH")
_FUNDING_RATE = "0.0001"
_WHOLE_S = 60.0
_CELLS = 40
_LEAST_SPACING = Decimal("0.003")  # of the price: several times the fees of a round trip
_INVESTMENT = Decimal(5000)
_LEVERAGE = 2


def demo(data: Path | None) -> int:
    """Exit code: 0 only if every grid's books balance. Raises ConfigurationError where `data` can't be replayed."""
    candles = klines.read(data) if data else klines.made_up()
    symbol = klines.symbol_of(data) if data else klines.MADE_UP_SYMBOL
    console = Console()
    VAR.mkdir(exist_ok=True)
    session = StackSession(Path(tempfile.mkdtemp(prefix="demo-", dir=VAR)))
    try:
        balanced = _report(console, _outcomes(console, session, symbol, candles))
    except (TimeoutError, Answer, httpx.TransportError) as failure:
        console.print(f"the demo failed: {failure}", markup=False)
        balanced = False
    if balanced:
        shutil.rmtree(session.var)
    else:
        console.print(f"everything of this run is kept in {session.var}")
    return 0 if balanced else 1


def _outcomes(console: Console, session: StackSession, symbol: str, candles: Sequence[Candle]) -> list[Outcome]:
    try:
        with console.status("starting the system"):
            session.start()
        return _Replay(session, symbol, candles).run(console)
    finally:
        session.stop()


class _Replay:
    def __init__(self, session: StackSession, symbol: str, candles: Sequence[Candle]) -> None:
        self._symbol = symbol
        self._candles = candles
        self._venue = Api(f"{session.paper_url}/paper/v1")
        self._traders = [Trader(session.web_url, strategy_type) for strategy_type in STRATEGY_TYPES]
        self._orders = 0

    def run(self, console: Console) -> list[Outcome]:
        self._move(self._candles[0].open)
        lines = self._start()
        self._walk(console, lines)
        with console.status("stopping the grids and comparing the books with the exchange's"):
            return self._stop()

    def _start(self) -> list[Decimal]:
        for trader in self._traders:
            trader.open_account()
            lines = trader.create(self._parameters())  # the same for all: the type decides what rests on them
            trader.start()
        for trader in self._traders:
            trader.wait_for("RUNNING")
        self._orders = sum(trader.detail()["intended_levels"] for trader in self._traders)
        return lines

    def _parameters(self) -> dict[str, Any]:
        """A range inside the file's own, so that the price crosses all of it and leaves it on both sides."""
        low, high = min(candle.low for candle in self._candles), max(candle.high for candle in self._candles)
        edge = (high - low) / 10
        lower, upper = _like(low + edge, low), _like(high - edge, high)
        cells = int((upper - lower) / (upper * _LEAST_SPACING))
        return {
            "symbol": self._symbol,
            "grid_type": "ARITHMETIC",
            "lower_price": str(lower),
            "upper_price": str(upper),
            "grid_number": max(2, min(_CELLS, cells)),
            "total_investment": str(_INVESTMENT),
            "leverage": _LEVERAGE,
        }

    def _walk(self, console: Console, lines: Sequence[Decimal]) -> None:
        """Follows the candles as fast as the grids do: after every point that may fill, all levels are live again."""
        with Progress(
            TextColumn("replaying"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
        ) as progress:
            bar = progress.add_task("candles", total=len(self._candles))
            for step in steps(self._candles, lines):
                progress.update(bar, completed=step.candle)
                self._take(step)
            progress.update(bar, completed=len(self._candles))

    def _take(self, step: Step) -> None:
        self._move(step.price)
        if step.crosses:
            self._wait_until_whole()
        if step.pays_funding:
            self._venue.post(f"/funding/{self._symbol}", {"rate": _FUNDING_RATE})

    def _move(self, price: Decimal) -> None:
        self._venue.post(f"/market/{self._symbol}", {"price": str(price)})

    def _wait_until_whole(self) -> None:
        """A fill takes an order from the exchange's book until its counter-order rests there: count them there."""
        deadline = monotonic() + _WHOLE_S
        while (resting := len(self._venue.get("/orders", symbol=self._symbol, state="NEW"))) != self._orders:
            if monotonic() > deadline:
                raise TimeoutError(f"{resting} of {self._orders} levels live after {_WHOLE_S:.0f} s")
            sleep(0.04)

    def _stop(self) -> list[Outcome]:
        for trader in self._traders:
            trader.stop()
        for trader in self._traders:
            trader.wait_for("STOPPED")
        return [trader.outcome() for trader in self._traders]


def _like(price: Decimal, pattern: Decimal) -> Decimal:
    """`price` with as many decimals as the file's prices have: a multiple of the tick where those are."""
    return price.quantize(pattern, ROUND_HALF_UP)


def _report(console: Console, outcomes: Sequence[Outcome]) -> bool:
    """A column per grid, amounts in USDT; True where every grid's books balance."""
    table = Table("USDT", *(outcome.strategy_type for outcome in outcomes))
    table.add_row("fills", *(str(outcome.fills) for outcome in outcomes))
    for name in ("round_trips", "grid_profit", "fees", "funding", "total_pnl"):
        table.add_row(name.replace("_", " "), *(_short(outcome.totals[name]) for outcome in outcomes))
    table.add_row("books balance", *("yes" if outcome.balances else _difference(outcome) for outcome in outcomes))
    console.print(table)
    balanced = all(outcome.balances for outcome in outcomes)
    console.print(f"books balance: {'yes' if balanced else 'no'}")
    return balanced


def _short(amount: str | int) -> str:
    """For the eye, to eight decimals: the venue's own amounts have no more."""
    return str(amount) if isinstance(amount, int) else f"{Decimal(amount):.8f}"


def _difference(outcome: Outcome) -> str:
    account = outcome.account
    said = account["explanation"] or f"{account['wallet_before']} in the wallet that no line tells of"
    return f"NO: {said} (checked {account['checked_at']})"
