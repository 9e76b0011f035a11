import gzip
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from stack.candles import Candle, made_up, read, symbol_of

HEADED = "close,low,open_time,high,open\n11,9,60000,12,10\n"
ARCHIVE = "60000,10,12,9,11,5,119999,50,3,2,20,0\n"
CANDLE = Candle(60000, Decimal(10), Decimal(12), Decimal(9), Decimal(11))


def written(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    if name.endswith(".gz"):
        file.write_bytes(gzip.compress(text.encode()))
    elif name.endswith(".zip"):
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("inside.csv", text)
    else:
        file.write_text(text)
    return file


@pytest.mark.parametrize("name", ["BTCUSDT.csv", "BTCUSDT.csv.gz", "BTCUSDT.zip"])
@pytest.mark.parametrize("text", [HEADED, ARCHIVE])
def test_both_layouts_are_read_packed_or_not(tmp_path: Path, name: str, text: str) -> None:
    assert read(written(tmp_path, name, text)) == [CANDLE]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("open_time,open,high,low\n1,2,3,4\n", "lacks close"),
        (HEADED + "11,9,120000,12\n", "row 3: not a candle"),
        (ARCHIVE + "120000,10,x,9,11\n", "row 2: not a candle"),
        ("60000,10,9,8,10\n", "row 1: the prices contradict each other"),
        ("60000,10,12,NaN,11\n", "row 1: not a candle"),
        ("", "holds no candles"),
    ],
)
def test_a_bad_file_is_refused_with_the_place(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        read(written(tmp_path, "BTCUSDT.csv", text))


def test_a_rising_candle_goes_down_first_and_a_falling_one_up_first() -> None:
    low, high = Decimal(1), Decimal(9)
    assert Candle(0, Decimal(4), high, low, Decimal(5)).path() == (Decimal(4), low, high, Decimal(5))
    assert Candle(0, Decimal(5), high, low, Decimal(4)).path() == (Decimal(5), high, low, Decimal(4))


def test_the_symbol_comes_from_the_name() -> None:
    assert symbol_of(Path("/x/1000PEPEUSDT-1m-2026-06.csv.gz")) == "1000PEPEUSDT"
    with pytest.raises(ConfigurationError, match="must begin with the symbol"):
        symbol_of(Path("candles.csv"))


def test_the_made_up_candles_are_the_same_each_time_and_consistent() -> None:
    candles = made_up()
    assert candles == made_up()
    assert len(candles) == 720
    assert all(candle.low <= min(candle.path()) and max(candle.path()) <= candle.high for candle in candles)
    assert max(candle.high for candle in candles) > min(candle.low for candle in candles) * Decimal("1.01")
