import pytest

from core.errors import ConfigurationError
from core.paper.feeds import make_feed
from core.paper.symbols import START_PRICES


def test_the_manual_market_has_no_feed() -> None:
    assert make_feed("manual", 1, START_PRICES) is None


def test_the_live_feed_says_that_it_is_not_there_yet() -> None:
    with pytest.raises(ConfigurationError, match="can't be used yet"):
        make_feed("live", 1, START_PRICES)


@pytest.mark.parametrize("spec", ["", "sinthetic", "replay"])
def test_an_unknown_feed_is_refused_by_name(spec: str) -> None:
    with pytest.raises(ConfigurationError):
        make_feed(spec, 1, START_PRICES)


@pytest.mark.parametrize("speed", [0, -1])
def test_a_speed_that_is_not_above_zero_is_refused(speed: float) -> None:
    with pytest.raises(ConfigurationError, match="PAPER_SPEED"):
        make_feed("synthetic", speed, START_PRICES)
