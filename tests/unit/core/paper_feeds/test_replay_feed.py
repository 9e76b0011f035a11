import gzip
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConfigurationError
from core.paper.feeds import FUNDING_INTERVAL_MS, FUNDING_RATE, Step, make_feed
from core.paper.symbols import START_PRICES

RECORDED = Path(__file__).parents[5] / "shared" / "data" / "AVAXUSDT-1m-2026-06.csv.gz"
MINUTE = 60_000
NOON = 1_748_779_200_000  # 2025-06-01 12:00 UTC, not a funding time
HEADER = "open_time,open,high,low,close,volume\n"
RISING = "100,110,90,105,1"
FALLING = "105,112,91,95,1"

Row = tuple[int, int, int, int]  # open, high, low, close


def replay(file: Path, speed: float = 1) -> list[Step]:
    feed = make_feed(f"replay:{file}", speed, START_PRICES)
    assert feed is not None
    return list(feed.steps())


def recorded_as(folder: Path, text: str, name: str = "SOLUSDT-1m.csv") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def prices(steps: list[Step]) -> list[Decimal]:
    return [step.price for step in steps if step.price is not None]


def fundings(steps: list[Step]) -> list[Decimal]:
    return [step.funding_rate for step in steps if step.funding_rate is not None]


def decimals(*numbers: int) -> list[Decimal]:
    return [Decimal(number) for number in numbers]


@st.composite
def candle_rows(draw: st.DrawFn) -> Row:
    four = sorted(draw(st.lists(st.integers(min_value=1, max_value=10**6), min_size=4, max_size=4)))
    opened, closed = draw(st.permutations(four[1:3]))
    return opened, four[3], four[0], closed


def test_a_rising_candle_visits_its_low_before_its_high(tmp_path: Path) -> None:
    steps = replay(recorded_as(tmp_path, f"{HEADER}{NOON},{RISING}\n"))
    assert prices(steps) == decimals(100, 90, 110, 105)


def test_a_falling_candle_visits_its_high_before_its_low(tmp_path: Path) -> None:
    steps = replay(recorded_as(tmp_path, f"{HEADER}{NOON},{FALLING}\n"))
    assert prices(steps) == decimals(105, 112, 91, 95)


def test_a_candle_that_closes_where_it_opened_counts_as_rising(tmp_path: Path) -> None:
    steps = replay(recorded_as(tmp_path, f"{HEADER}{NOON},100,110,90,100,1\n"))
    assert prices(steps) == decimals(100, 90, 110, 100)


def test_a_candles_four_prices_are_spread_evenly_over_its_span(tmp_path: Path) -> None:
    steps = replay(recorded_as(tmp_path, f"{HEADER}{NOON},{RISING}\n{NOON + MINUTE},{FALLING}\n"))
    assert [step.delay_s for step in steps] == [0, 15, 15, 15, 15, 15, 15, 15]


def test_the_speed_divides_the_waiting(tmp_path: Path) -> None:
    steps = replay(recorded_as(tmp_path, f"{HEADER}{NOON},{RISING}\n"), speed=60)
    assert [step.delay_s for step in steps] == [0, 0.25, 0.25, 0.25]


def test_a_hole_in_the_file_is_waited_out_after_the_candle_before_it(tmp_path: Path) -> None:
    text = f"{HEADER}{NOON},{RISING}\n{NOON + MINUTE},{RISING}\n{NOON + 10 * MINUTE},{RISING}\n"
    steps = replay(recorded_as(tmp_path, text))
    assert [step.delay_s for step in steps][7:9] == [15, 8 * 60 + 15]


def test_funding_is_paid_at_the_files_eight_hour_marks_before_the_price_of_that_time(tmp_path: Path) -> None:
    funding_at = (NOON // FUNDING_INTERVAL_MS + 1) * FUNDING_INTERVAL_MS
    text = f"{HEADER}{funding_at - MINUTE},{RISING}\n{funding_at},{FALLING}\n"
    steps = replay(recorded_as(tmp_path, text))
    assert steps[4] == Step(15, "SOLUSDT", None, FUNDING_RATE)
    assert steps[5] == Step(0, "SOLUSDT", Decimal(105), None)
    assert len(fundings(steps)) == 1


def test_a_file_that_starts_at_a_funding_time_pays_none_for_the_time_before_it(tmp_path: Path) -> None:
    funding_at = (NOON // FUNDING_INTERVAL_MS + 1) * FUNDING_INTERVAL_MS
    assert fundings(replay(recorded_as(tmp_path, f"{HEADER}{funding_at},{RISING}\n"))) == []


def test_columns_are_found_by_name_in_any_order(tmp_path: Path) -> None:
    text = f"volume,Close, low,high,open,open_time\n1,105,90,110,100,{NOON}\n"
    assert prices(replay(recorded_as(tmp_path, text))) == decimals(100, 90, 110, 105)


def test_the_public_archives_columns_need_no_header(tmp_path: Path) -> None:
    text = f"{NOON},100,110,90,105,33013,{NOON + 59_999},215829.8910,365,30518,199515.0150,0\n"
    assert prices(replay(recorded_as(tmp_path, text))) == decimals(100, 90, 110, 105)


def test_packed_files_hold_the_same_market(tmp_path: Path) -> None:
    text = f"{HEADER}{NOON},{RISING}\n\n{NOON + MINUTE},{FALLING}\n"
    plain = recorded_as(tmp_path, text)
    gzipped, zipped = tmp_path / "SOLUSDT-1m.csv.gz", tmp_path / "SOLUSDT-1m.zip"
    gzipped.write_bytes(gzip.compress(text.encode()))
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("SOLUSDT-1m.csv", text)
    assert replay(gzipped) == replay(zipped) == replay(plain)


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("BTCUSDT-1m-2026-06.csv", "BTCUSDT"),
        ("BTCUSDT_klines_1m_2025-05-04.csv", "BTCUSDT"),
        ("BTCUSDT_261225-1m.csv", "BTCUSDT_261225"),
        ("1000pepeusdt.csv", "1000PEPEUSDT"),
    ],
)
def test_the_symbol_is_what_the_files_name_begins_with(tmp_path: Path, name: str, symbol: str) -> None:
    steps = replay(recorded_as(tmp_path, f"{HEADER}{NOON},{RISING}\n", name))
    assert {step.symbol for step in steps} == {symbol}


@pytest.mark.parametrize("name", ["candles.csv", "BTCUSDTX-1m.csv", "XBTCUSDT.csv"])
def test_a_file_named_after_no_listed_symbol_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="must begin with the symbol"):
        replay(recorded_as(tmp_path, f"{HEADER}{NOON},{RISING}\n", name))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f"{NOON + MINUTE},100,110,90", "no value for close"),
        (f"{NOON + MINUTE},100,110,,105", "no value for low"),
        (f"{NOON + MINUTE},100,1x0,90,105", "high '1x0' is not a price above 0"),
        (f"{NOON + MINUTE},100,NaN,90,105", "high 'NaN' is not a price above 0"),
        (f"{NOON + MINUTE},100,110,0,105", "low '0' is not a price above 0"),
        (f"{NOON + MINUTE},100,104,90,105", "low 90 .. high 104 does not hold open and close"),
        (f"{NOON + MINUTE},100,110,101,105", "low 101 .. high 110 does not hold open and close"),
        ("2025-06-01,100,110,90,105", "open_time '2025-06-01' is not a time in ms"),
        (f"{NOON},100,110,90,105", f"open_time {NOON} is not after the row before it"),
    ],
)
def test_a_bad_row_is_refused_at_once_with_its_number_and_the_reason(tmp_path: Path, row: str, reason: str) -> None:
    file = recorded_as(tmp_path, f"{HEADER}{NOON},{RISING}\n\n{row}\n")
    with pytest.raises(ConfigurationError) as refusal:
        make_feed(f"replay:{file}", 1, START_PRICES)
    assert str(refusal.value) == f"{file}, row 4: {reason}"


def test_a_header_without_a_needed_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="row 1: the header names no open_time, close"):
        replay(recorded_as(tmp_path, "time,open,high,low\n"))


@pytest.mark.parametrize("text", ["", HEADER])
def test_a_file_without_candles_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match="no candles"):
        replay(recorded_as(tmp_path, text))


@pytest.mark.parametrize("name", ["SOLUSDT.csv.gz", "SOLUSDT.zip"])
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="can't be read"):
        replay(recorded_as(tmp_path, "not packed at all", name))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be read"):
        replay(tmp_path / "SOLUSDT.csv")


def test_an_archive_of_two_files_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "SOLUSDT.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.csv", HEADER)
        archive.writestr("b.csv", HEADER)
    with pytest.raises(ConfigurationError, match="2 CSV files"):
        replay(file)


@settings(max_examples=60)
@given(
    rows=st.lists(candle_rows(), min_size=1, max_size=40),
    start=st.integers(min_value=10**12, max_value=2 * 10**12),
    span=st.sampled_from([1000, MINUTE, 15 * MINUTE, 24 * 60 * MINUTE]),
    speed=st.sampled_from([0.5, 1.0, 600.0]),
)
def test_any_file_is_replayed_whole_in_time_and_with_its_fundings(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], start: int, span: int, speed: float
) -> None:
    lines = "".join(f"{start + number * span},{o},{h},{low},{c}\n" for number, (o, h, low, c) in enumerate(rows))
    steps = replay(recorded_as(tmp_path_factory.mktemp("any"), lines), speed)

    expected = [price for o, h, low, c in rows for price in ((o, low, h, c) if c >= o else (o, h, low, c))]
    assert prices(steps) == decimals(*expected)
    # one candle alone counts as a minute
    last = start + (len(rows) - 1) * span + (span if len(rows) > 1 else MINUTE) * 3 // 4
    assert sum(step.delay_s for step in steps) * speed * 1000 == pytest.approx(last - start)
    assert len(fundings(steps)) == last // FUNDING_INTERVAL_MS - start // FUNDING_INTERVAL_MS
    assert all((step.price is None) != (step.funding_rate is None) for step in steps)


def test_a_recorded_month_replays_from_its_first_open_to_its_last_close() -> None:
    if not RECORDED.exists():
        pytest.skip("the recorded market data is not on this machine")
    steps = replay(RECORDED, speed=3600)
    assert len(prices(steps)) == 4 * 43_200
    assert len(fundings(steps)) == 30 * 3 - 1
    assert sum(step.delay_s for step in steps) == pytest.approx((30 * 24 * 3600 - 15) / 3600)
