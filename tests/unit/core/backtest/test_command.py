"""`python -m core.backtest`, as it is called."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from core.backtest.__main__ import main

PRICES = (100, 94, 106, 89, 111, 100)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Minutes that swing through the range from 80 to 120, each from one price to the next."""
    rows = ["open_time,open,high,low,close"]
    for number, price in enumerate(PRICES[1:]):
        before = PRICES[number]
        rows.append(f"{number * 60_000},{before},{max(before, price)},{min(before, price)},{price}")
    file = tmp_path / "SOLUSDT.csv"
    file.write_text("\n".join(rows) + "\n")
    return file


def run(data: Path, *more: str) -> Result:
    asked = {
        "data": data, "symbol": "SOLUSDT", "lower": 80, "upper": 120, "grids": 4, "investment": 1000, "leverage": 1,
        "tick-size": "0.01", "step-size": "0.001", "sizing": "EQUAL_QUANTITY",
    }  # fmt: skip
    return CliRunner().invoke(main, [*(f"--{name}={value}" for name, value in asked.items()), *more])


def test_json_has_every_figure_as_text(data: Path) -> None:
    result = run(data, "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert figures.pop("seconds") > 0
    # 980 USDT over the opening prices 80 + 90 + 110 + 120: 2.45 a cell. Two round trips of 10, four fees of 0.02 %.
    assert figures == {
        "total_pnl": "48.804",
        "grid_profit": "48.804",
        "unrealized_pnl": "0",
        "fees": "0.196",
        "funding": "0",
        "round_trips": 2,
        "fills": 4,
        "position": "0",
        "max_drawdown": "2.4941",
        "finish_reason": None,
        "liquidation": "not simulated",
    }


def test_the_table_is_for_people(data: Path) -> None:
    result = run(data)
    assert "48.80" in result.stdout
    assert "round trips" in result.stdout


def test_fills_are_written(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "fills.csv"
    assert run(data, f"--fills={out}").exit_code == 0
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["side"], row["price"], row["cell_index"]) for row in rows] == [
        ("BUY", "90", "1"),
        ("SELL", "100", "1"),
        ("SELL", "110", "2"),
        ("BUY", "100", "2"),
    ]
    assert rows[0]["fee"] == "0.0441"


def test_neighbours_are_ranked_by_profit_less_drawdown(data: Path) -> None:
    result = run(data, "--optimise", "--json")
    ranking = json.loads(result.stdout)["ranking"]
    given = {"lower_price": "80", "upper_price": "120", "grid_number": 4}
    assert any(given.items() <= one.items() for one in ranking)
    scores = [float(one["total_pnl"]) - float(one["max_drawdown"]) for one in ranking]
    assert scores == sorted(scores, reverse=True)
    assert len(ranking) > 20


def test_a_stop_ends_the_run_at_its_price(data: Path) -> None:
    figures = json.loads(run(data, "--json", "--lower=95", "--stop-loss=92").stdout)
    assert (figures["finish_reason"], figures["position"]) == ("STOP_LOSS", "0")


def test_a_grid_begins_at_its_trigger_price_and_follows_the_market_to_its_limits(data: Path) -> None:
    narrow = ("--json", "--lower=94", "--upper=104", "--grids=5")
    figures = json.loads(run(data, *narrow, "--trailing-up=107").stdout)
    assert (figures["trailed"], figures["fills"]) == (1, 21)
    figures = json.loads(
        run(data, *narrow, "--trigger-price=90", "--strategy-type=BEARISH", "--trailing-down=91").stdout
    )
    assert (figures["trailed"], figures["fills"]) == (-1, 6)
    never = run(data, *narrow, "--trigger-price=500")
    assert json.loads(never.stdout)["fills"] == 0
    assert never.stderr == "the trigger price 500 is not reached: nothing is traded\n"


def test_a_picture_is_drawn(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: .venv/bin/pip install matplotlib")
    assert run(data, f"--plot={tmp_path / 'run.png'}").exit_code == 0
    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--investment=0.1", "total_investment"),
        ("--grids=1", "grid_number must be between 2 and 200"),
        ("--stop-loss=150", "stop_loss"),
        ("--trailing-up=110", "trailing_up"),
        ("--trigger-price=-1", "trigger_price must be between"),
        ("--tick-size=7", "row 2: open 100 is no multiple of the tick 7"),
        ("--tick-size=0", "must be above 0"),
        ("--lower=much", "'much' is not a number"),
    ],
)
def test_what_can_not_be_says_why(data: Path, option: str, words: str) -> None:
    result = run(data, option)
    assert result.exit_code != 0
    assert words in result.output


def test_missing_candles_are_refused_unless_they_are_allowed(data: Path) -> None:
    rows = data.read_text().splitlines()
    data.write_text("\n".join(rows[:2] + rows[3:]) + "\n")
    refused = run(data)
    assert refused.exit_code == 1
    assert "1 candles are missing before it" in refused.output
    assert run(data, "--allow-gaps").exit_code == 0


def test_a_broken_series_is_repaired_where_that_is_asked_for(data: Path) -> None:
    whole = json.loads(run(data, "--json").stdout)
    header, first, *rest = data.read_text().splitlines()
    data.write_text("\n".join([header, rest[0], first, "1,100,90,110,100", "2,0,0,0,0", *rest]) + "\n")
    assert "row 3" in run(data).output
    result = run(data, "--json", "--repair")
    assert result.stderr.splitlines() == [
        "repaired: row 4: left out, low 110 .. high 90 does not hold open and close",
        "repaired: row 5: left out, open '0' is not a price above 0",
        "repaired: row 3: put in order",
        "repaired: row 6: left out, it repeats row 2",
    ]
    figures = json.loads(result.stdout)
    assert {**figures, "seconds": 0} == {**whole, "seconds": 0}


def test_missing_candles_stand_still_after_a_repair(data: Path) -> None:
    rows = data.read_text().splitlines()
    data.write_text("\n".join(rows[:2] + rows[3:]) + "\n")
    result = run(data, "--json", "--repair")
    assert result.exit_code == 0
    assert result.stderr == "repaired: row 3: 1 missing candles before it stand still at 94\n"


def test_a_series_with_more_missing_than_there_is_stays_refused(data: Path) -> None:
    data.write_text(data.read_text() + "99999999999,100,100,100,100\n")
    result = run(data, "--repair")
    assert result.exit_code == 1
    assert "more candles are missing than the 6 there are" in result.output
