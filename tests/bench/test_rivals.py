"""Other simulators over the recorded month: the same fills, and the same profit as far as floats hold it."""

from pathlib import Path

import pytest

from core.backtest.simulator import simulate
from tests.bench.rivals import INSTALL, installed, neutral, own_fills, recorded, rival
from tests.unit.core.domain.examples import rules

DATA = Path(__file__).parents[3] / "shared" / "data" / "BTCUSDT_klines_1m_2025-05-04_2025-06-03.csv.gz"


@pytest.mark.parametrize("name", ["vectorbt", "hftbacktest", "backtesting"])
def test_another_simulator_fills_and_earns_the_same_over_the_recorded_month(name: str) -> None:
    if not installed(name):
        pytest.skip(f"{name} is not installed: {INSTALL}")
    if not DATA.exists():
        pytest.skip("the recorded market data is not on this machine")
    grid, symbol, market = neutral("93000", "112000", 50), rules(tick_size="0.1", brackets=()), recorded(DATA, "0.1")
    result = simulate(grid, symbol, market, record=True)
    seen = rival(name, grid, symbol, market, "fills")
    assert len(result.trades) > 500
    assert seen["fills"] == own_fills(market, result)
    assert seen["pnl"] == pytest.approx(float(result.total_pnl), rel=1e-9)
