"""What is refused before a simulation, in words that name row and reason."""

from decimal import Decimal
from pathlib import Path

import pytest

from core.backtest.candles import Candles, Market, in_ticks
from core.candle_files import Candle, Payment, candles_of, payments_of
from core.errors import ConfigurationError, Invalid

MINUTE = 60_000
TICK = Decimal("0.1")


def candles(*minutes: int, price: str = "100") -> list[Candle]:
    return [Candle(at * MINUTE, *[Decimal(price)] * 4, row=at + 2) for at in minutes]


def refusal(rows: list[Candle]) -> str:
    with pytest.raises(Invalid) as refused:
        in_ticks(rows, TICK)
    return str(refused.value)


def test_prices_are_whole_ticks() -> None:
    read = in_ticks(candles(0, 1, price="100.3"), TICK)
    assert read.prices.tolist() == [[1003, 1003]] * 4
    assert read.price(3, 1) == Decimal("100.3")


def test_missing_candles_are_refused_unless_they_are_allowed() -> None:
    rows = candles(0, 1, 4, 5)
    assert refusal(rows) == "row 6: 2 candles are missing before it"
    assert len(in_ticks(rows, TICK, allow_gaps=True)) == 4


def test_another_symbols_tick_is_refused() -> None:
    assert refusal(candles(0, price="100.05")) == (
        "row 2: open 100.05 is no multiple of the tick 0.1: another symbol's?"
    )


def test_no_candles_are_refused() -> None:
    assert refusal([]) == "There are no candles: at least one is needed."


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("60000,1,2,0.5,-1", "close '-1' is not a price above 0"),
        ("60000,1,0.9,0.5,1", "low 0.5 .. high 0.9 does not hold open and close"),
        ("0,1,1,1,1", "open_time 0 is not after the row before it"),
        ("60000,1,nan,1,1", "high 'nan' is not a price above 0"),
        ("soon,1,1,1,1", "open_time 'soon' is not a time in ms"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: str, reason: str) -> None:
    file = tmp_path / "X.csv"
    file.write_text(f"open_time,open,high,low,close\n0,1,1,1,1\n{row}\n")
    with pytest.raises(ConfigurationError, match="row 3") as refused:
        list(candles_of(file))
    assert str(refused.value).endswith(reason)


def test_funding_is_read_with_and_without_mark_prices(tmp_path: Path) -> None:
    file = tmp_path / "funding.csv"
    file.write_text("funding_time,funding_rate,mark_price\n7,0.0001,\n9,-0.0002,100.5\n")
    assert list(payments_of(file)) == [
        Payment(7, Decimal("0.0001")),
        Payment(9, Decimal("-0.0002"), Decimal("100.5")),
    ]


def test_a_funding_file_without_rates_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "funding.csv"
    file.write_text("funding_time,rate\n7,0.0001\n")
    with pytest.raises(ConfigurationError, match="the header names no funding_rate"):
        list(payments_of(file))


def test_a_payment_belongs_to_the_first_candle_at_or_past_it() -> None:
    read = in_ticks(candles(0, 1, 2), TICK)
    payments = [Payment(at, Decimal("0.0001")) for at in (-1, MINUTE, MINUTE + 1, 3 * MINUTE)]
    assert Market(read, payments).due.tolist() == [1, 2]


def test_a_market_knows_its_highest_price() -> None:
    rows = [Candle(0, Decimal(5), Decimal(9), Decimal(4), Decimal(5)), *candles(1, price="6")]
    market = Market(in_ticks(rows, TICK))
    assert isinstance(market.candles, Candles)
    assert market.highest == 9
