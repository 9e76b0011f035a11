"""Limits shared by all processes through Redis, and what is left without it."""

import pytest

from core import budget, clock
from core.budget import SHARE_WITHOUT_REDIS, Window, close_gate, correct, open_gate, take
from core.errors import VenueUnavailable
from core.exchange.binance.weights import Share, Weights, weight_of
from tests.support.environment import forget_settings
from tests.support.servers import RedisServer

MINUTE = Window("of a test", 60_000, 10)
NOON = 1_790_000_040_000  # the first millisecond of a minute


@pytest.fixture(autouse=True)
def moment(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The host's time, standing still until it is moved."""
    standing = [NOON]
    monkeypatch.setattr(budget, "now_ms", lambda: standing[0])
    return standing


def test_a_window_gives_what_it_has_left_and_starts_again(moment: list[int]) -> None:
    assert [take([MINUTE], 4), take([MINUTE], 4), take([MINUTE], 4), take([MINUTE], 4)] == [4, 4, 2, 0]
    moment[0] += 59_999
    assert take([MINUTE], 1) == 0
    moment[0] += 1
    assert take([MINUTE], 1) == 1


def test_the_tightest_window_decides_and_nothing_is_spent_in_vain() -> None:
    ten_seconds = Window("of a test", 10_000, 3)
    assert take([ten_seconds, MINUTE], 5) == 3
    assert take([ten_seconds, MINUTE], 5) == 0
    assert take([MINUTE], 10) == 7


def test_all_or_nothing() -> None:
    assert take([MINUTE], 6, whole=True) == 6
    assert take([MINUTE], 6, whole=True) == 0
    assert take([MINUTE], 4, whole=True) == 4


def test_what_others_have_spent_counts() -> None:
    assert take([MINUTE], 2) == 2
    correct(MINUTE, 8)
    correct(MINUTE, 5)  # older news
    assert take([MINUTE], 10) == 2


def test_a_closed_gate_leaves_nothing_and_lets_single_probes_through_later() -> None:
    close_gate("venue", 30, probing_ms=60_000)
    assert take([MINUTE], 3, gates=["venue"]) == 0
    clock.sleep(0.05)
    assert take([MINUTE], 3, gates=["venue"]) == 1
    assert take([MINUTE], 3, gates=["venue"]) == 0
    open_gate("venue")
    assert take([MINUTE], 3, gates=["venue"]) == 3


def test_without_redis_a_process_spends_its_share(redis_server: RedisServer, moment: list[int]) -> None:
    hundred = Window("of a test", 60_000, 100)
    redis_server.kill()
    share = int(100 * SHARE_WITHOUT_REDIS)
    assert [take([hundred], 20), take([hundred], 20), take([hundred], 20)] == [20, share - 20, 0]
    moment[0] += 60_000
    assert take([hundred], 1, whole=True) == 1


class TestWeights:
    def test_routine_leaves_half_to_what_cannot_wait(self) -> None:
        weights = Weights("http://a.test")
        weights.set_limit(100)
        weights.spend(50, Share.ROUTINE)
        with pytest.raises(VenueUnavailable, match="used up") as refused:
            weights.spend(1, Share.ROUTINE)
        assert refused.value.reason == "rate_limited"
        weights.spend(40, Share.NEEDED)
        with pytest.raises(VenueUnavailable):
            weights.spend(1, Share.NEEDED)

    def test_a_limit_told_to_one_process_holds_for_all(self) -> None:
        Weights("http://b.test").set_limit(20)
        forget_settings()
        with pytest.raises(VenueUnavailable):
            Weights("http://b.test").spend(19, Share.NEEDED)

    def test_a_limit_that_nobody_has_told_is_asked_for_before_anything_waits(self) -> None:
        asked = []

        def read_limit() -> int:
            asked.append(1)
            return 10_000

        weights = Weights("http://f.test", read_limit)
        weights.spend(1000, Share.ROUTINE)
        assert asked == []
        weights.spend(3000, Share.ROUTINE)
        with pytest.raises(VenueUnavailable):
            weights.spend(2000, Share.ROUTINE)
        assert asked == [1]

    def test_a_host_that_wants_quiet_is_not_asked_for_its_limit(self) -> None:
        weights = Weights("http://g.test", lambda: pytest.fail("asked"))
        weights.pause(60)
        with pytest.raises(VenueUnavailable):
            weights.spend(1, Share.NEEDED)

    def test_nobody_asks_while_the_venue_wants_quiet(self) -> None:
        Weights("http://c.test").pause(60)
        with pytest.raises(VenueUnavailable):
            Weights("http://c.test").spend(1, Share.NEEDED)

    def test_another_host_has_a_limit_of_its_own(self) -> None:
        Weights("http://d.test").spend(1000, Share.NEEDED)
        Weights("http://e.test").spend(2000, Share.NEEDED)


@pytest.mark.parametrize(
    ("path", "query", "weight"),
    [
        ("/fapi/v1/openOrders", "symbol=BTCUSDT", 1),
        ("/fapi/v1/openOrders", "timestamp=1", 40),
        ("/fapi/v1/income", "startTime=1", 30),
        ("/fapi/v1/order", "symbol=BTCUSDT", 1),
        ("/fapi/v1/klines", "symbol=BTCUSDT&interval=1m", 5),
        ("/fapi/v1/klines", "symbol=BTCUSDT&limit=96", 1),
        ("/fapi/v1/klines", "symbol=BTCUSDT&limit=1440", 10),
    ],
)
def test_what_a_path_costs(path: str, query: str, weight: int) -> None:
    assert weight_of(path, query) == weight
