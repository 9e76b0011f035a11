"""`make demo` as a user runs it, over a short file."""

import math
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from core.config import ROOT

MINUTE = 60_000
START = 1_780_000_000_000 // MINUTE * MINUTE


def candles(count: int) -> str:
    """A price that swings by 3 % and drifts, one candle a minute, so that every grid makes round trips."""
    rows = ["open_time,open,high,low,close,volume"]
    prices = [2500 + 75 * math.sin(number / 25) + number / 20 for number in range(count + 1)]
    for number, (first, last) in enumerate(pairwise(prices)):
        high, low = max(first, last) + 2, min(first, last) - 2
        rows.append(f"{START + number * MINUTE},{first:.2f},{high:.2f},{low:.2f},{last:.2f},10")
    return "\n".join(rows) + "\n"


def test_the_demo_trades_every_strategy_type_and_its_books_balance(tmp_path: Path) -> None:
    file = tmp_path / "ETHUSDT-1m-demo.csv"
    file.write_text(candles(300))
    done = subprocess.run(
        [sys.executable, "-m", "stack", "demo", str(file)],
        cwd=ROOT,
        env={**os.environ, "VAR_DIR": str(tmp_path / "var"), "COLUMNS": "120"},
        capture_output=True,
        check=False,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "books balance: yes" in done.stdout
    for strategy_type in ("BULLISH", "NEUTRAL", "BEARISH"):
        assert strategy_type in done.stdout
