"""An account's signed REST side."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from core.errors import VenueRefused, VenueUnavailable
from core.exchange.base import AccountMode, SymbolSetting
from core.exchange.binance.account import PAGE, BinanceAccountApi
from core.exchange.binance.rest import RestClient
from core.exchange.credentials import Credentials
from tests.unit.core.exchange.binance.samples import BRACKETS, ORDER, POSITION, TRADE
from tests.unit.core.exchange.conftest import API_KEY
from tests.unit.core.exchange.scripted_venue import ScriptedVenue, answer

NOW = 1_700_000_000_000
HOUR = 3600 * 1000
CONFIG = {"canTrade": True, "canWithdraw": True, "dualSidePosition": False, "multiAssetsMargin": False}


class StandingClock:
    """A venue clock that jumps an hour whenever it is read again."""

    def __init__(self) -> None:
        self.moment = NOW

    def now_ms(self) -> int:
        return self.moment

    def measure(self) -> None:
        self.moment += HOUR


@pytest.fixture
def time() -> StandingClock:
    return StandingClock()


@pytest.fixture
def api(venue: ScriptedVenue, credentials: Credentials, time: StandingClock) -> BinanceAccountApi:
    return BinanceAccountApi(RestClient(venue.rest), None, credentials, time, 3000)


def refusal(code: int) -> Callable[[web.Request], web.StreamResponse]:
    return answer({"code": code, "msg": "because"}, 400)


def sent(venue: ScriptedVenue, number: int = -1) -> dict[str, str]:
    """What a request asked for, without what authorises it."""
    named = {name: values[0] for name, values in parse_qs(venue.seen[number].query).items()}
    assert named.pop("signature")
    assert named.pop("recvWindow") == "3000"
    assert venue.seen[number].headers["X-MBX-APIKEY"] == API_KEY
    return {name: value for name, value in named.items() if name != "timestamp"}


class TestTheKey:
    def test_its_account_tells_its_modes(self, venue: ScriptedVenue, api: BinanceAccountApi) -> None:
        venue.on("GET", "/fapi/v1/accountConfig", answer({**CONFIG, "dualSidePosition": True}))
        assert api.check_key() == AccountMode(hedge_mode=True, multi_assets_mode=False, can_withdraw=False)

    @pytest.mark.parametrize("enabled", [True, False])
    def test_the_wallets_host_tells_whether_the_key_may_withdraw(
        self, venue: ScriptedVenue, credentials: Credentials, time: StandingClock, enabled: bool
    ) -> None:
        venue.on("GET", "/fapi/v1/accountConfig", answer(CONFIG))
        venue.on("GET", "/sapi/v1/account/apiRestrictions", answer({"enableWithdrawals": enabled}))
        rest = RestClient(venue.rest)
        assert BinanceAccountApi(rest, rest, credentials, time, 3000).check_key().can_withdraw is enabled

    def test_rights_that_cannot_be_read_are_not_taken_for_harmless(
        self, venue: ScriptedVenue, credentials: Credentials, time: StandingClock
    ) -> None:
        venue.on("GET", "/fapi/v1/accountConfig", answer(CONFIG))
        venue.on("GET", "/sapi/v1/account/apiRestrictions", answer({}))
        rest = RestClient(venue.rest)
        with pytest.raises(VenueUnavailable):
            BinanceAccountApi(rest, rest, credentials, time, 3000).check_key()

    def test_a_wrong_one_is_refused(self, venue: ScriptedVenue, api: BinanceAccountApi) -> None:
        venue.on("GET", "/fapi/v1/accountConfig", answer({"code": -2015, "msg": "Invalid API-key."}, 401))
        with pytest.raises(VenueRefused) as refused:
            api.check_key()
        assert refused.value.code == -2015


class TestTheClock:
    def test_a_refused_timestamp_is_read_again_and_signed_once_more(
        self, venue: ScriptedVenue, api: BinanceAccountApi
    ) -> None:
        venue.on("GET", "/fapi/v3/balance", refusal(-1021), answer([]))
        assert api.balances() == []
        stamps = [parse_qs(seen.query)["timestamp"][0] for seen in venue.seen]
        assert stamps == [str(NOW), str(NOW + HOUR)]

    def test_a_second_refusal_is_the_last(self, venue: ScriptedVenue, api: BinanceAccountApi) -> None:
        venue.on("GET", "/fapi/v3/balance", refusal(-1021))
        with pytest.raises(VenueUnavailable) as unavailable:
            api.balances()
        assert (unavailable.value.reason, len(venue.seen)) == ("clock_refused", 2)


class TestSettings:
    def test_brackets_commission_position_and_setting(self, venue: ScriptedVenue, api: BinanceAccountApi) -> None:
        venue.on("GET", "/fapi/v1/leverageBracket", answer(BRACKETS))
        venue.on("GET", "/fapi/v3/positionRisk", answer([POSITION]))
        rates = {"symbol": "ADAUSDT", "makerCommissionRate": "0.0002", "takerCommissionRate": "0.0004"}
        venue.on("GET", "/fapi/v1/commissionRate", answer(rates))
        venue.on(
            "GET",
            "/fapi/v1/symbolConfig",
            answer([{"symbol": "ADAUSDT", "marginType": "ISOLATED", "leverage": 7}]),
        )
        assert [tier.max_leverage for tier in api.brackets("ETHUSDT")] == [75, 50]
        assert api.commission("ADAUSDT") == (Decimal("0.0002"), Decimal("0.0004"))
        assert api.symbol_setting("ADAUSDT") == SymbolSetting("ADAUSDT", 7, "ISOLATED")
        assert [position.quantity for position in api.positions()] == [Decimal(-30)]
        assert sent(venue) == {}
        assert len(api.positions("ADAUSDT")) == 1
        assert sent(venue) == {"symbol": "ADAUSDT"}

    def test_brackets_written_as_numbers_stay_exact(self, venue: ScriptedVenue, api: BinanceAccountApi) -> None:
        text = (
            '[{"symbol":"X","brackets":[{"bracket":1,"initialLeverage":75,"notionalCap":50000,"notionalFloor":0,'
            '"maintMarginRatio":0.0065,"cum":0.0}]}]'
        )
        venue.on("GET", "/fapi/v1/leverageBracket", answer(text))
        assert api.brackets("X")[0].maintenance_rate == Decimal("0.0065")

    def test_leverage_and_margin_type_are_set(self, venue: ScriptedVenue, api: BinanceAccountApi) -> None:
        venue.on("POST", "/fapi/v1/leverage", answer({"leverage": 5, "symbol": "X"}))
        venue.on("POST", "/fapi/v1/marginType", answer({"code": 200, "msg": "success"}))
        api.set_leverage("X", 5)
        assert sent(venue) == {"symbol": "X", "leverage": "5"}
        api.set_margin_type("X", "ISOLATED")
        assert sent(venue) == {"symbol": "X", "marginType": "ISOLATED"}

    def test_a_margin_type_already_set_is_success(self, venue: ScriptedVenue, api: BinanceAccountApi) -> None:
        venue.on("POST", "/fapi/v1/marginType", refusal(-4046))
        api.set_margin_type("X", "CROSSED")

    @pytest.mark.parametrize("code", [-4047, -4048, -4168])
    def test_a_margin_type_that_cannot_change_now_is_refused(
        self, venue: ScriptedVenue, api: BinanceAccountApi, code: int
    ) -> None:
        venue.on("POST", "/fapi/v1/marginType", refusal(code))
        with pytest.raises(VenueRefused) as refused:
            api.set_margin_type("X", "CROSSED")
        assert refused.value.code == code


class TestOrders:
    def test_an_order_is_found_by_either_id(self, venue: ScriptedVenue, api: BinanceAccountApi) -> None:
        venue.on("GET", "/fapi/v1/order", answer(ORDER))
        found = api.order("BTCUSDT", "abc")
        assert found is not None
        assert sent(venue) == {"symbol": "BTCUSDT", "origClientOrderId": "abc"}
        assert api.order_by_id("BTCUSDT", found.order_id) == found
        assert sent(venue) == {"symbol": "BTCUSDT", "orderId": "33878894217"}

    def test_one_that_does_not_exist_is_none(self, venue: ScriptedVenue, api: BinanceAccountApi) -> None:
        venue.on("GET", "/fapi/v1/order", refusal(-2013))
        assert api.order("BTCUSDT", "abc") is None

    @pytest.mark.parametrize("script", [refusal(-2015), refusal(-1121)])
    def test_any_other_refusal_is_not_taken_for_absence(
        self, venue: ScriptedVenue, api: BinanceAccountApi, script: Any
    ) -> None:
        venue.on("GET", "/fapi/v1/order", script)
        with pytest.raises(VenueRefused):
            api.order("BTCUSDT", "abc")

    def test_open_orders_of_one_symbol_or_all(self, venue: ScriptedVenue, api: BinanceAccountApi) -> None:
        venue.on("GET", "/fapi/v1/openOrders", answer([ORDER]))
        assert len(api.open_orders("BTCUSDT")) == 1
        assert sent(venue) == {"symbol": "BTCUSDT"}
        assert len(api.open_orders()) == 1
        assert sent(venue) == {}

    @pytest.mark.parametrize("newest_first", [True, False])
    @pytest.mark.parametrize(("count", "start"), [(0, NOW - HOUR), (2345, NOW - HOUR), (1700, NOW - 20 * 24 * HOUR)])
    def test_recent_orders_are_complete_whichever_end_a_full_page_shows(
        self, venue: ScriptedVenue, api: BinanceAccountApi, newest_first: bool, count: int, start: int
    ) -> None:
        span = NOW - start
        orders = [{**ORDER, "orderId": number, "time": start + span * number // count} for number in range(count)]

        def all_orders(request: web.Request) -> web.Response:
            first, last = int(request.query["startTime"]), int(request.query["endTime"])
            assert last - first < 7 * 24 * HOUR
            found = [order for order in orders if first <= order["time"] <= last]
            return web.json_response(found[-PAGE:] if newest_first else found[:PAGE])

        venue.on("GET", "/fapi/v1/allOrders", all_orders)
        assert [news.order_id for news in api.recent_orders("BTCUSDT", start)] == [str(n) for n in range(count)]

    def test_more_orders_in_a_millisecond_than_a_page_holds_is_no_list(
        self, venue: ScriptedVenue, api: BinanceAccountApi
    ) -> None:
        venue.on("GET", "/fapi/v1/allOrders", answer([ORDER] * PAGE))
        with pytest.raises(VenueUnavailable):
            api.recent_orders("BTCUSDT", NOW - 10)


class TestHistory:
    def test_trades_are_read_by_cursor_and_rise(self, venue: ScriptedVenue, api: BinanceAccountApi) -> None:
        venue.on("GET", "/fapi/v1/userTrades", answer([{**TRADE, "id": 10}, {**TRADE, "id": 9}]))
        assert [trade.trade_id for trade in api.trades("BTCUSDT", 9)] == ["9", "10"]
        assert sent(venue) == {"symbol": "BTCUSDT", "fromId": "9", "limit": "1000"}
        api.trades_of_order("BTCUSDT", "77")
        assert sent(venue) == {"symbol": "BTCUSDT", "orderId": "77", "limit": "1000"}

    def test_incomes_rise_in_time(self, venue: ScriptedVenue, api: BinanceAccountApi) -> None:
        row = {"symbol": "", "incomeType": "TRANSFER", "income": "1", "asset": "USDT", "tranId": 1, "tradeId": ""}
        venue.on("GET", "/fapi/v1/income", answer([{**row, "time": 2}, {**row, "time": 1}]))
        assert [income.at for income in api.incomes(1)] == [1, 2]
        assert sent(venue) == {"startTime": "1", "limit": "1000"}
        api.incomes(1, 2)
        assert sent(venue) == {"startTime": "1", "endTime": "2", "limit": "1000"}

    def test_a_listen_key_needs_no_signature(self, venue: ScriptedVenue, api: BinanceAccountApi) -> None:
        venue.on("POST", "/fapi/v1/listenKey", answer({"listenKey": "the-key"}))
        assert api.listen_key() == "the-key"
        assert (venue.seen[0].query, venue.seen[0].headers["X-MBX-APIKEY"]) == ("", API_KEY)
