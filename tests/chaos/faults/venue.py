"""What an exchange does to its clients. Every kind of the simulated exchange's own surface is here."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx

from stack.api import Answer
from tests.chaos.faults.registry import Scene, Striking, fault
from tests.chaos.traders import PRICES, parameters

_LATEST_S = 8.0  # a fault of the venue ends by itself after this


def _injected(kind: str, **parameters: Any) -> Striking:
    def strike(scene: Scene) -> Iterator[None]:
        inject(scene, kind, **parameters)
        yield
        with suppress(httpx.TransportError):
            scene.venue.restore_service()

    return strike


def inject(scene: Scene, kind: str, **parameters: Any) -> None:
    """The venue itself may be away."""
    at_once = kind in ("drop_connections", "expire_listen_key")
    bounds = {} if at_once or "seconds" in parameters else {"seconds": _LATEST_S}
    with suppress(Answer, httpx.TransportError):
        scene.venue.inject(kind, **bounds, **parameters)


for match, name in (("user", "user streams"), ("market", "market streams"), ("trade", "trading connections")):
    fault(f"{name} are dropped", 1.0)(_injected("drop_connections", match=match))
    fault(f"{name} are mute", 6.0)(_injected("mute_stream", match=match))
    fault(f"{name} are refused", 5.0)(_injected("refuse_connections", match=match))

_UNKNOWN = "Unknown error, please check your request or try again later."
for name, kind, details in (
    ("events are dropped", "drop_events", {}),
    ("events come twice", "duplicate_events", {}),
    ("events come in the wrong order", "reorder_events", {}),
    ("events come late", "delay_events", {"ms": 1500}),
    ("orders fill in pieces", "partial_fills", {"pieces": 7}),
    ("orders fill in 37 pieces", "partial_fills", {"pieces": 37}),
    ("answers come late", "latency", {"ms": 700}),
    ("replies of executed requests are lost", "no_reply", {"accepted": True, "count": 6}),
    ("requests are lost", "no_reply", {"accepted": False, "count": 6}),
    ("listen keys expire", "expire_listen_key", {}),
    ("the venue's clock is 3 s ahead", "clock_skew", {"ms": 3000}),
    ("the venue's clock is 7 s behind", "clock_skew", {"ms": -7000}),
    ("queries lag", "late_query", {"lag_ms": 3000}),
    ("503 unknown error, executed", "error", {"status": 503, "code": -1000, "msg": _UNKNOWN, "accepted": True}),
    ("503 unknown error, not executed", "error", {"status": 503, "code": -1000, "msg": _UNKNOWN}),
    ("503 service unavailable", "error", {"status": 503, "code": -1016, "msg": "Service Unavailable."}),
    ("a storm of throttling", "error", {"status": 503, "code": -1008, "msg": "Request throttled."}),
    ("timeouts of the backend", "error", {"status": 408, "code": -1007, "msg": "Timeout waiting for response."}),
    ("an unknown error code", "error", {"status": 400, "code": -9999, "msg": "something new"}),
    ("not enough margin", "error", {"status": 400, "code": -2019, "msg": "Margin is insufficient."}),
    ("too many requests, 429", "rate_limit", {"status": 429}),
    ("banned, 418", "rate_limit", {"status": 418}),
):
    fault(name, 4.0)(_injected(kind, **details))


@fault("replies are lost while queries lag", 4.0)
def replies_are_lost_while_queries_lag(scene: Scene) -> Iterator[None]:
    """The venue has the order, says nothing, and for a while denies it. The lag is within the grace."""
    inject(scene, "late_query", lag_ms=3000)
    inject(scene, "no_reply", accepted=True, count=6)
    yield


@fault("queries lag beyond the grace", 8.0, alone=True)
def queries_lag_beyond_the_grace(scene: Scene) -> Iterator[None]:
    """The venue denies orders that it has for so long that their absence seems proved: sent again under their id, they
    are found, or the trades show them."""
    symbol = "XRPUSDT"
    scene.venue.move(symbol, PRICES[symbol])
    user = scene.stack.new_user(20_000)
    inject(scene, "late_query", lag_ms=14_000, count=4)
    inject(scene, "no_reply", accepted=True, count=4)
    grid = user.create_grid(**parameters(symbol, strategy_type="BULLISH"))
    user.api.post(f"/grid/start/paper/{grid['id']}")
    yield


def _unreachable(scene: Scene) -> Iterator[None]:
    inject(scene, "refuse_connections", seconds=150)
    inject(scene, "drop_connections")
    inject(scene, "error", seconds=150, status=503, code=-1016, msg="Service Unavailable.")
    yield
    with suppress(httpx.TransportError):
        scene.venue.restore_service()


fault("the venue can't be reached", 8.0)(_unreachable)
fault("the venue can't be reached for two minutes", 120.0, alone=True, long=True)(_unreachable)


@fault("a market is halted", 4.0)
def a_market_is_halted(scene: Scene) -> Iterator[None]:
    symbol = scene.random.choice(scene.traders.grids).symbol
    with suppress(Answer, httpx.TransportError):
        scene.venue.halt(symbol)
    yield
    scene.venue.halt(symbol, halted=False)


@fault("funding is paid", 1.0, alone=True)
def funding_is_paid(scene: Scene) -> Iterator[None]:
    for symbol in {grid.symbol for grid in scene.traders.grids}:
        scene.venue.pay_funding(symbol, str(scene.random.choice((0.0001, -0.0003, 0.00075))))
    yield
