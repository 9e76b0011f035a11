"""What the venue said survives the venue."""

import threading
from decimal import Decimal
from typing import Any

from websocket import WebSocketException

from core import clock
from tests.integration.paper.client import Client, limit
from tests.support.servers import PaperServer
from tests.support.waiting import wait_until


def test_everything_is_there_after_a_kill(lasting: PaperServer) -> None:
    client = Client(lasting)
    client.buy("79000", "filled")
    client.buy("78000", "open")
    lasting.move("BTCUSDT", "78500")
    before = _all_of(client)
    lasting.kill()
    lasting.start()
    assert _all_of(client) == before
    lasting.move("BTCUSDT", "77000")
    assert client.query("open").json()["status"] == "FILLED"


def _all_of(client: Client) -> list[Any]:
    reads = {
        "/v1/allOrders": {"symbol": "BTCUSDT"},
        "/v1/openOrders": {},
        "/v1/userTrades": {"symbol": "BTCUSDT", "fromId": 0},
        "/v1/income": {},
        "/v3/positionRisk": {},
        "/v1/symbolConfig": {"symbol": "BTCUSDT"},
    }
    return [client.ok("GET", path, **params) for path, params in reads.items()]


def test_no_acknowledged_order_is_lost_to_a_kill_in_mid_flow(lasting: PaperServer) -> None:
    client = Client(lasting, balance=1_000_000)
    acknowledged: list[str] = []
    flow = threading.Thread(target=_place_until_cut, args=(client, acknowledged))
    flow.start()
    wait_until(lambda: len(acknowledged) > 40, 10, "orders flow")
    lasting.kill()
    flow.join()
    lasting.start()
    found = {one["clientOrderId"]: one for one in client.ok("GET", "/v1/allOrders", symbol="BTCUSDT", limit=1000)}
    assert set(acknowledged) <= set(found)
    trades = client.ok("GET", "/v1/userTrades", symbol="BTCUSDT", fromId=0, limit=1000)
    filled = sum(Decimal(one["executedQty"]) for one in found.values())
    assert filled == sum(Decimal(one["qty"]) for one in trades)
    lines = client.ok("GET", "/v1/income", limit=1000)
    assert sum(Decimal(line["income"]) for line in lines) == Decimal(client.wallet())


def _place_until_cut(client: Client, acknowledged: list[str]) -> None:
    """Every other order fills at once."""
    trading = client.trading()
    try:
        for number in range(250):
            price = "80000" if number % 2 else "79000"
            answer = trading.call("order.place", **limit("BUY", price, f"n{number}", "0.001"))
            if answer["status"] == 200:
                acknowledged.append(answer["result"]["clientOrderId"])
    except (WebSocketException, OSError):
        return  # killed


def test_it_ends_at_once_when_asked_to(lasting: PaperServer) -> None:
    client = Client(lasting)
    client.user_stream()
    client.trading()
    start = clock.monotonic()
    lasting.stop()
    assert clock.monotonic() - start < 4
