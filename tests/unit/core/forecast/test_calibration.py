from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
from click.testing import CliRunner

from core.forecast.__main__ import main
from core.forecast.calibration import cuts
from core.forecast.moves import Moves, moves_of
from tests.unit.core.domain.examples import rules
from tests.unit.core.forecast.pasts import past

MOVES = moves_of(past(3))
RULES = replace(rules(), brackets=())


def test_what_follows_a_cut_changes_the_truth_and_no_band() -> None:
    other = MOVES.logs.copy()
    other[:, 2880:] *= 2
    before, after = (list(cuts(moves, Decimal(2500), RULES, 2, 1, 1)) for moves in (MOVES, Moves(other)))
    assert [(cut.low, cut.median, cut.high) for cut in before] == [(cut.low, cut.median, cut.high) for cut in after]
    assert [cut.truth for cut in before] != [cut.truth for cut in after]
    assert all(cut.low <= cut.median <= cut.high for cut in before)
    assert {cut.place for cut in before} <= {-1, 0, 1}


def test_the_command_prints_shares_or_halves(tmp_path: Path) -> None:
    series = past(3)
    file = tmp_path / "ETHUSDT-1m.csv"
    rows = np.vstack((series.times, series.prices / 100)).T
    np.savetxt(file, rows, fmt=["%d", "%.2f", "%.2f", "%.2f", "%.2f"], delimiter=",")
    asked = [str(file), "--tick-size", "0.01", "--step-size", "0.001", "--window-days", "2", "--horizon-days", "1"]
    shares = CliRunner().invoke(main, asked)
    assert (shares.exit_code, "1 cuts" in shares.output) == (0, True), shares.output
    halves = CliRunner().invoke(main, [*asked, "--halves"])
    assert (halves.exit_code, "NEUTRAL" in halves.output) == (0, True), halves.output
    few = CliRunner().invoke(main, [*asked, "--horizon-days", "5"])
    assert few.output == "Error: too little history: 3.00 days are there, 7 are needed\n"
    np.savetxt(file, rows[:900], fmt=["%d", "%.2f", "%.2f", "%.2f", "%.2f"], delimiter=",")
    few = CliRunner().invoke(main, [*asked, "--halves"])
    assert few.output == "Error: too little history: 0.62 days are there, 2 are needed\n"
