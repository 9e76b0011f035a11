"""The simulation, as `make sim` runs it: in processes of its own, because it turns the clock and replaces the seams."""

import os
import subprocess
import sys

import pytest

SEEDS = 300
EVERY = 120  # steps of a saga


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("what", [{"SEEDS": str(SEEDS)}, {"STEPS": str(EVERY)}], ids=["seeds", "steps of sagas"])
def test_nothing_is_lost_doubled_or_orphaned(what: dict[str, str]) -> None:
    done = subprocess.run(
        ["nice", "-n", "19", sys.executable, "-m", "tests.sim"],  # it goes by no real clock: the others first
        env={**os.environ, "SEED": "", "TERM": "dumb", **what},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
