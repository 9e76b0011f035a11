"""The venue over REST: orders, lists, ledger, market data, conditional orders and limits."""

import json
import time
from decimal import Decimal
from typing import Any

import httpx
import pytest
from websocket import WebSocketBadStatusException

from core import clock
from tests.integration.paper.client import Client, Stream, limit
from tests.support.servers import PaperServer


def test_placing_tells_no_price_and_querying_does(client: Client) -> None:
    placed = client.market("BUY", newOrderRespType="RESULT", newClientOrderId="m")
    assert (placed["status"], placed["executedQty"]) == ("FILLED", "0.010")
    assert not {"avgPrice", "cumQuote"} & set(placed)
    found = client.query("m").json()
    assert (found["avgPrice"], Decimal(found["cumQuote"])) == ("80000", 800)


def test_an_acknowledgement_says_new_even_of_what_has_filled(client: Client) -> None:
    assert client.market("BUY")["status"] == "NEW"
    assert client.buy("81000", "crossing", newOrderRespType="RESULT")["status"] == "NEW"
    assert client.query("crossing").json()["status"] == "FILLED"


@pytest.mark.parametrize("missing", ["symbol", "side", "type", "quantity", "price", "timeInForce"])
def test_a_missing_parameter_is_named(client: Client, missing: str) -> None:
    order = {name: value for name, value in limit("BUY", "79000", "x").items() if name != missing}
    response = client.send("POST", "/v1/order", **order)
    assert response.status_code == 400
    assert response.json() == {
        "code": -1102,
        "msg": f"Mandatory parameter '{missing}' was not sent, was empty/null, or malformed.",
    }


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"side": "LONG"}, -1117),
        ({"type": "STOP_MARKET"}, -4120),
        ({"type": "ICEBERG"}, -1116),
        ({"timeInForce": "DAY"}, -1115),
        ({"symbol": "NOPE"}, -1121),
        ({"quantity": "much"}, -1102),
        ({"price": "NaN"}, -1102),
        ({"priceMatch": "QUEUE"}, -1020),
        ({"type": "MARKET", "timeInForce": ""}, -1106),
    ],
)
def test_a_parameter_that_is_wrong_has_its_code(client: Client, change: dict[str, str], code: int) -> None:
    assert client.code("POST", "/v1/order", **(limit("BUY", "79000", "x") | change)) == code


def test_parameters_are_taken_from_query_and_body_together(client: Client) -> None:
    query = "symbol=BTCUSDT&side=BUY&type=LIMIT"
    body = f"timeInForce=GTC&quantity=0.010&price=79000&timestamp={clock.now_ms()}"
    signed = f"{body}&signature={client.sign(query + body)}"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = httpx.post(
        f"{client.venue.url}/fapi/v1/order?{query}",
        content=signed,
        headers={"X-MBX-APIKEY": client.api_key, **form},
        trust_env=False,
    )
    assert answer.json()["status"] == "NEW"


def test_percent_encoded_parameters_are_signed_as_sent(client: Client) -> None:
    client.buy("79000", "a:b/c")
    assert client.query("a:b/c").json()["clientOrderId"] == "a:b/c"


def test_who_may_not_ask_is_told_why(client: Client) -> None:
    assert client.code("GET", "/v3/balance", timestamp=clock.now_ms() - 5100) == -1021
    assert client.code("GET", "/v3/balance", timestamp=clock.now_ms() + 2000) == -1021
    assert client.raw("GET", f"/v3/balance?timestamp={clock.now_ms()}&signature=00").json()["code"] == -1022
    assert client.raw("GET", "/v3/balance").json()["code"] == -1102
    client.api_key = "0" * 64
    assert client.send("GET", "/v3/balance").status_code == 401
    assert client.code("GET", "/v3/balance") == -2015
    client.api_key = "nonsense"
    assert client.code("GET", "/v3/balance") == -2014


def test_answers_carry_the_limits_in_their_headers(client: Client) -> None:
    before = int(client.send("GET", "/v1/openOrders").headers["X-MBX-USED-WEIGHT-1M"])
    placed = client.send("POST", "/v1/order", **limit("BUY", "79000", "x"))
    assert placed.headers["X-MBX-ORDER-COUNT-10S"] == placed.headers["X-MBX-ORDER-COUNT-1M"] == "1"
    after = int(client.send("GET", "/v1/openOrders").headers["X-MBX-USED-WEIGHT-1M"])
    assert after in (before + 40, 40)  # 40 where a minute has just begun


def test_an_order_lives_in_the_lists_that_it_belongs_to(client: Client) -> None:
    client.buy("79000", "open")
    client.buy("78000", "gone")
    assert client.ok("DELETE", "/v1/order", symbol="BTCUSDT", origClientOrderId="gone")["status"] == "CANCELED"
    ids = [one["clientOrderId"] for one in client.ok("GET", "/v1/openOrders", symbol="BTCUSDT")]
    assert ids == ["open"]
    ids = [one["clientOrderId"] for one in client.ok("GET", "/v1/allOrders", symbol="BTCUSDT")]
    assert ids == ["open", "gone"]
    assert client.query("gone").json()["status"] == "CANCELED"
    assert client.code("DELETE", "/v1/order", symbol="BTCUSDT", origClientOrderId="gone") == -2011
    assert client.code("GET", "/v1/openOrder", symbol="BTCUSDT", origClientOrderId="gone") == -2013
    assert client.code("GET", "/v1/order", symbol="BTCUSDT", origClientOrderId="never") == -2013


def test_the_newest_orders_but_the_oldest_trades_fill_a_page(client: Client) -> None:
    for _ in range(4):
        client.market("BUY", "0.001")
    orders = client.ok("GET", "/v1/allOrders", symbol="BTCUSDT")
    trades = client.ok("GET", "/v1/userTrades", symbol="BTCUSDT", fromId=0)
    assert len(orders) == len(trades) == 4
    assert client.ok("GET", "/v1/allOrders", symbol="BTCUSDT", limit=2) == orders[2:]
    assert client.ok("GET", "/v1/userTrades", symbol="BTCUSDT", limit=2) == trades[:2]
    assert client.ok("GET", "/v1/userTrades", symbol="BTCUSDT", fromId=trades[1]["id"] + 1) == trades[2:]
    assert client.ok("GET", "/v1/userTrades", symbol="BTCUSDT", orderId=orders[3]["orderId"]) == trades[3:]
    assert client.ok("GET", "/v1/allOrders", symbol="BTCUSDT", orderId=orders[1]["orderId"], limit=2) == orders[1:3]


def test_trades_of_a_cursor_and_a_window_at_once_are_refused(client: Client) -> None:
    now = clock.now_ms()
    assert client.code("GET", "/v1/userTrades", symbol="BTCUSDT", fromId=1, startTime=now) == -1128
    eight_days = 8 * 24 * 3_600_000
    assert client.code("GET", "/v1/userTrades", symbol="BTCUSDT", startTime=now - eight_days, endTime=now) == -1127


def test_the_income_sums_up_to_the_wallet(client: Client) -> None:
    client.market("BUY")
    client.venue.pay_funding("BTCUSDT", "0.0003")
    client.venue.move("BTCUSDT", "81234.5")
    client.market("SELL", "0.007")
    lines = client.ok("GET", "/v1/income", limit=1000)
    assert {line["incomeType"] for line in lines} == {"TRANSFER", "COMMISSION", "FUNDING_FEE", "REALIZED_PNL"}
    assert sum(Decimal(line["income"]) for line in lines) == Decimal(client.wallet())


def test_a_flat_account_has_no_positions(client: Client) -> None:
    assert client.ok("GET", "/v3/positionRisk") == []
    assert client.ok("GET", "/v3/account")["positions"] == []
    client.market("BUY")
    (position,) = client.ok("GET", "/v3/positionRisk", symbol="BTCUSDT")
    assert (position["positionAmt"], position["entryPrice"]) == ("0.010", "80000")


def test_symbols_are_all_listed_whatever_is_asked_for(client: Client) -> None:
    info = client.raw("GET", "/v1/exchangeInfo?symbol=BTCUSDT").json()
    assert len(info["symbols"]) > 10
    assert {limit["rateLimitType"] for limit in info["rateLimits"]} == {"REQUEST_WEIGHT", "ORDERS"}


@pytest.mark.parametrize(
    "path", ["/v1/ping", "/v1/time", "/v1/premiumIndex", "/v2/ticker/price", "/v1/ticker/bookTicker", "/v1/fundingInfo"]
)
def test_public_data_needs_no_key(venue: PaperServer, path: str) -> None:
    assert httpx.get(f"{venue.url}/fapi{path}", trust_env=False).status_code == 200


def test_klines_are_rows_of_twelve(venue: PaperServer) -> None:
    url = f"{venue.url}/fapi/v1/klines?symbol=ETHUSDT&interval=5m&limit=1000"
    rows = httpx.get(url, trust_env=False).json()
    assert len(rows) > 800
    assert {len(row) for row in rows} == {12}
    assert {row[6] - row[0] for row in rows} == {299_999}


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/v1/order"), ("PUT", "/v1/batchOrders"), ("POST", "/v1/countdownCancelAll")]
)
def test_what_is_not_offered_says_so(client: Client, method: str, path: str) -> None:
    assert client.code(method, path) == -1020


def test_a_batch_is_answered_one_by_one(client: Client) -> None:
    good, bad = limit("BUY", "79000", "b1"), limit("BUY", "79000.05", "b2")
    placed = client.ok("POST", "/v1/batchOrders", batchOrders=json.dumps([good, bad]))
    assert (placed[0]["clientOrderId"], placed[1]["code"]) == ("b1", -4014)
    ids = json.dumps([placed[0]["orderId"], 1])
    cancelled = client.ok("DELETE", "/v1/batchOrders", symbol="BTCUSDT", orderIdList=ids)
    assert (cancelled[0]["status"], cancelled[1]["code"]) == ("CANCELED", -2011)


def test_modes_of_the_account_can_be_set_and_read(client: Client) -> None:
    assert client.ok("GET", "/v1/positionSide/dual") == {"dualSidePosition": False}
    client.ok("POST", "/v1/positionSide/dual", dualSidePosition="true")
    client.ok("POST", "/v1/multiAssetsMargin", multiAssetsMargin="true")
    config = client.ok("GET", "/v1/accountConfig")
    assert (config["dualSidePosition"], config["multiAssetsMargin"], config["canWithdraw"]) == (True, True, False)


def test_leverage_and_margin_type_are_the_symbols(client: Client) -> None:
    assert client.ok("POST", "/v1/leverage", symbol="BTCUSDT", leverage=7)["maxNotionalValue"] == "230000000"
    assert client.ok("POST", "/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")["code"] == 200
    assert client.code("POST", "/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED") == -4046
    (config,) = client.ok("GET", "/v1/symbolConfig", symbol="BTCUSDT")
    assert (config["leverage"], config["marginType"]) == (7, "ISOLATED")


def test_an_unknown_path_says_so(client: Client) -> None:
    answer = client.raw("GET", "/v1/nonsense")
    assert (answer.status_code, answer.json()["code"]) == (404, -5000)


def test_a_conditional_order_is_placed_triggered_and_found(client: Client) -> None:
    client.market("BUY", "0.020")
    stop = {
        "algoType": "CONDITIONAL",
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "STOP_MARKET",
        "triggerPrice": "79000",
        "closePosition": "true",
        "workingType": "MARK_PRICE",
        "clientAlgoId": "stop",
    }
    placed = client.ok("POST", "/v1/algoOrder", **stop)
    assert client.ok("GET", "/v1/openAlgoOrders") == [placed]
    assert client.ok("GET", "/v1/openOrders", symbol="BTCUSDT") == []
    client.venue.move("BTCUSDT", "78000")
    ended = client.ok("GET", "/v1/algoOrder", clientAlgoId="stop")
    order = client.query("stop").json()
    assert (ended["algoStatus"], ended["actualOrderId"]) == ("FINISHED", str(order["orderId"]))
    assert (order["status"], order["avgPrice"]) == ("FILLED", "78000")
    assert client.ok("GET", "/v3/positionRisk") == []
    assert client.code("DELETE", "/v1/algoOrder", clientAlgoId="stop") == -2011


def test_a_cancelled_conditional_order_answers_with_its_code_as_text(client: Client) -> None:
    placed = client.ok(
        "POST",
        "/v1/algoOrder",
        algoType="CONDITIONAL",
        symbol="BTCUSDT",
        side="BUY",
        type="STOP",
        price="90000",
        triggerPrice="90000",
        quantity="0.01",
    )
    assert client.ok("DELETE", "/v1/algoOrder", algoId=placed["algoId"])["code"] == "200"
    assert client.ok("GET", "/v1/openAlgoOrders") == []


def test_weight_runs_out_with_429_and_a_time_to_come_back(tmp_path: Any) -> None:
    server = PaperServer(tmp_path, PAPER_WEIGHT_LIMIT="60")
    server.start()
    try:
        client = Client(server)
        statuses = [client.send("GET", "/v1/openOrders").status_code for _ in range(3)]
        refused = client.send("GET", "/v1/openOrders")
        assert statuses[-1] == refused.status_code == 429
        assert refused.json()["code"] == -1003
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        with pytest.raises(WebSocketBadStatusException, match="429"):
            Stream(server, "/ws-fapi/v1")
        assert server.admin.get("/orders") == []
    finally:
        server.stop()


def test_orders_run_out_at_300_in_ten_seconds(client: Client) -> None:
    time.sleep(max(0.0, 10 - clock.now_ms() % 10_000 / 1000 - 8))  # not across the end of a window
    trading = client.trading()
    for number in range(301):
        trading.post(number, "order.place", **limit("BUY", "1", "low"))
    codes = [trading.next()["error"]["code"] for _ in range(301)]
    assert set(codes[:300]) == {-4013}
    assert codes[300] == -1015
