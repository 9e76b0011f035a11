"""One-minute candles from price moves, and a made-up past for a market that starts today."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random

from core.paper.engine.numbers import ZERO

MINUTE_MS = 60_000
PAST_MINUTES = 3 * 24 * 60
VOLATILITY = 0.0006  # standard deviation of one minute's return
TRADES_A_MINUTE = 4
MOVE_NOTIONAL = Decimal(2000)  # quote traded by others with every price move
_MAX_GAP_MINUTES = 3 * 24 * 60  # a longer one, with the process down, stays a gap


@dataclass(frozen=True, slots=True)
class Candle:
    """A minute. Prices in quote, volume in base, `turnover` in quote, `opened` in ms."""

    opened: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = ZERO
    turnover: Decimal = ZERO
    trades: int = 0

    def moved(self, price: Decimal) -> "Candle":
        return replace(self, high=max(self.high, price), low=min(self.low, price), close=price)

    def traded(self, quantity: Decimal, price: Decimal) -> "Candle":
        return replace(
            self,
            volume=self.volume + quantity,
            turnover=self.turnover + quantity * price,
            trades=self.trades + 1,
        )


def flat(opened: int, price: Decimal) -> Candle:
    return Candle(opened, price, price, price, price)


def minute_of(moment: int) -> int:
    return moment - moment % MINUTE_MS


def roll(candle: Candle, moment: int) -> tuple[list[Candle], Candle]:
    """The candles that `moment` (ms) has closed, and the open one: a minute without a move is flat."""
    closed = []
    opened = minute_of(moment)
    if opened - candle.opened > _MAX_GAP_MINUTES * MINUTE_MS:
        return [candle], flat(opened, candle.close)
    while candle.opened < opened:
        closed.append(candle)
        candle = flat(candle.opened + MINUTE_MS, candle.close)
    return closed, candle


def quantity_of_move(price: Decimal, step: Decimal) -> Decimal:
    """What other people trade when the price moves (base)."""
    return max(step, MOVE_NOTIONAL / price // step * step)


def made_up_past(symbol: str, before: int, price: Decimal, tick: Decimal, step: Decimal) -> list[Candle]:
    """Candles of the three days that end at `before` (ms, a whole minute) and at `price`; always the same ones."""
    random = Random(f"past of {symbol}")  # noqa: S311  a market, not a secret
    closes = _walk_back(random, price, tick)
    candles = []
    for minute in range(1, PAST_MINUTES + 1):
        path = [next(closes) for _ in range(TRADES_A_MINUTE)]
        candles.append(_from_path(before - minute * MINUTE_MS, path[::-1], step))
    return candles[::-1]


def _walk_back(random: Random, price: Decimal, tick: Decimal) -> Iterator[Decimal]:
    """Prices in whole ticks, from `price` backwards; each minute's last is the next minute's first."""
    anchor = ticks = int(price / tick)
    deviation = max(1.0, anchor * VOLATILITY / TRADES_A_MINUTE**0.5)
    while True:
        for _ in range(TRADES_A_MINUTE - 1):
            yield ticks * tick
            ticks += round(random.gauss((anchor - ticks) / 2000, deviation))
            ticks = max(anchor // 2, min(anchor * 2, ticks))
        yield ticks * tick


def _from_path(opened: int, path: list[Decimal], step: Decimal) -> Candle:
    candle = flat(opened, path[0])
    for price in path:
        candle = candle.moved(price).traded(quantity_of_move(price, step), price)
    return candle
