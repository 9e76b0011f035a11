"""An account of the simulated exchange, through the adapter."""

from decimal import Decimal
from itertools import pairwise

import pytest

from core.domain.order import Side
from core.errors import VenueRefused
from core.exchange import account_api
from core.exchange.base import AccountApi, AccountMode, FundingPaid, UserStream
from tests.integration.exchange.conftest import credentials_of
from tests.integration.exchange.trader import Trader, read_events
from tests.support.servers import PaperServer


def test_a_good_key_is_one_way_without_multi_assets_or_withdrawals(account: AccountApi) -> None:
    assert account.check_key() == AccountMode(hedge_mode=False, multi_assets_mode=False, can_withdraw=False)


def test_a_wrong_secret_is_refused(paper_server: PaperServer) -> None:
    api_key, _ = paper_server.open_account()
    with pytest.raises(VenueRefused) as refused:
        account_api("paper", credentials_of(api_key, "s" * 64)).check_key()
    assert refused.value.code == -1022


def test_an_unknown_key_is_refused(paper_server: PaperServer) -> None:
    with pytest.raises(VenueRefused) as refused:
        account_api("paper", credentials_of("f" * 64, "s" * 64)).check_key()
    assert refused.value.code == -2015


def test_a_new_account_has_its_balance_and_nothing_else(account: AccountApi) -> None:
    balance = next(one for one in account.balances() if one.asset == "USDT")
    assert (balance.wallet_balance, balance.available_balance) == (10_000, 10_000)
    assert account.positions() == []
    assert account.open_orders() == []
    assert account.trades("BTCUSDT", 0) == []


def test_leverage_and_margin_type_are_set_and_read_back(account: AccountApi) -> None:
    for _ in range(2):
        account.set_leverage("BTCUSDT", 7)
        account.set_margin_type("BTCUSDT", "ISOLATED")
    setting = account.symbol_setting("BTCUSDT")
    assert (setting.leverage, setting.margin_type) == (7, "ISOLATED")


def test_a_leverage_beyond_the_brackets_is_refused(account: AccountApi) -> None:
    highest = max(tier.max_leverage for tier in account.brackets("BTCUSDT"))
    with pytest.raises(VenueRefused):
        account.set_leverage("BTCUSDT", highest + 1)


def test_brackets_rise_without_gaps(account: AccountApi) -> None:
    tiers = account.brackets("BTCUSDT")
    assert tiers[0].notional_floor == 0
    assert all(lower.notional_cap == upper.notional_floor for lower, upper in pairwise(tiers))
    assert all(lower.maintenance_rate < upper.maintenance_rate for lower, upper in pairwise(tiers))


def test_the_default_fees(account: AccountApi) -> None:
    assert account.commission("BTCUSDT") == (Decimal("0.0002"), Decimal("0.0005"))


def test_the_deposit_is_the_first_line_of_the_ledger(account: AccountApi) -> None:
    lines = account.incomes(0)
    assert [(line.income_type, line.amount, line.asset) for line in lines] == [("TRANSFER", 10_000, "USDT")]


def test_two_listen_keys_of_an_account_are_one(account: AccountApi) -> None:
    assert account.listen_key() == account.listen_key()


def test_the_venues_counters_arrive(account: AccountApi) -> None:
    account.balances()
    assert account.usage["used-weight-1m"] > 0


def test_funding_is_told_by_the_stream_and_stands_in_the_ledger(
    trader: Trader, account: AccountApi, stream: UserStream, paper_server: PaperServer
) -> None:
    trader.place(Side.SELL, None)
    read_events(stream, 2)
    paper_server.pay_funding("BTCUSDT", "0.0001")
    (paid,) = read_events(stream, 1)
    assert isinstance(paid, FundingPaid)
    line = next(line for line in account.incomes(0) if line.income_type == "FUNDING_FEE")
    assert (line.symbol, line.amount) == ("BTCUSDT", Decimal("0.05"))
