"""The simulation, as `make sim` runs it: in processes of its own, because it turns the clock and replaces the seams."""

import os
import subprocess
import sys

import pytest

SEEDS = 300


@pytest.mark.timeout(900)
def test_no_seed_loses_doubles_or_orphans_an_order() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.sim"],
        env={**os.environ, "SEED": "", "SEEDS": str(SEEDS), "TERM": "dumb"},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
