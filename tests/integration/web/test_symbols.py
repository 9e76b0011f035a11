"""Rules of symbols: read, kept, shared between processes, and an account's own terms."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from core import symbols
from core.clock import now
from core.db import Session
from core.errors import NotFound
from core.exchange import public_api
from core.models import ExchangeApi, SymbolRule
from core.symbols import refresh_all, rules_of, tradable_symbols
from tests.support.environment import forget_settings
from tests.support.servers import PaperServer
from tests.support.waiting import wait_until
from tests.unit.web.people import Person, somebody

PATH = "/grid/symbol-rules/paper/BTCUSDT"


@pytest.fixture
def account(app: Flask, anna: Person) -> ExchangeApi:
    with Session.reading() as session:
        return session.scalars(select(ExchangeApi)).one()


def stored() -> SymbolRule:
    with Session.reading() as session:
        return session.scalars(select(SymbolRule).where(SymbolRule.symbol == "BTCUSDT")).one()


def set_stored(**values: Any) -> None:
    with Session.begin() as session:
        session.execute(update(SymbolRule).where(SymbolRule.symbol == "BTCUSDT").values(**values))


@pytest.fixture
def listed(paper_server: PaperServer) -> dict[str, Any]:
    """What the venue itself says of BTCUSDT."""
    info = httpx.get(f"{paper_server.url}/fapi/v1/exchangeInfo", trust_env=False).json()
    return next(entry for entry in info["symbols"] if entry["symbol"] == "BTCUSDT")


def test_rules_are_those_of_the_venues_filters(anna: Person, listed: dict[str, Any]) -> None:
    filters = {entry["filterType"]: entry for entry in listed["filters"]}
    shown: Any = anna.get(PATH).json
    assert Decimal(shown["tick_size"]) == Decimal(filters["PRICE_FILTER"]["tickSize"])
    assert Decimal(shown["step_size"]) == Decimal(filters["LOT_SIZE"]["stepSize"])
    assert Decimal(shown["min_notional"]) == Decimal(filters["MIN_NOTIONAL"]["notional"])
    assert shown["max_num_orders"] == int(filters["MAX_NUM_ORDERS"]["limit"])
    assert (shown["maker_fee"], shown["taker_fee"], shown["contract_value"]) == ("0.0002", "0.0005", "1")
    assert shown["stale"] is False


def test_all_symbols_are_those_that_can_be_traded(anna: Person) -> None:
    shown: Any = anna.get("/grid/all-symbols/paper").json
    names = [entry["symbol"] for entry in shown]
    assert {"BTCUSDT", "ETHUSDT", "1000PEPEUSDT"} <= set(names)
    assert names == sorted(names)
    assert "BTCUSDT_261225" not in names, "a delivery contract takes no grid"


def test_an_account_shows_its_own_brackets(app: Flask, anna: Person) -> None:
    stranger: Any = somebody(app).get(PATH).json
    mine: Any = anna.get(PATH).json
    assert mine["max_leverage"] > stranger["max_leverage"]
    assert len(mine["leverage_brackets"]) > 1
    assert stored().max_leverage == mine["max_leverage"], "brackets are everybody's, so they are kept for all"
    again: Any = somebody(app).get(PATH).json
    assert again["leverage_brackets"] == mine["leverage_brackets"]


def test_a_refresh_of_all_keeps_the_brackets_that_a_key_has_read(account: ExchangeApi) -> None:
    known = rules_of("paper", "BTCUSDT", account).rules.brackets
    refresh_all("paper")
    assert rules_of("paper", "BTCUSDT").rules.brackets == known


def test_another_process_finds_the_rules_in_the_table(account: ExchangeApi) -> None:
    rules_of("paper", "BTCUSDT")
    set_stored(min_notional=Decimal(7))
    assert rules_of("paper", "BTCUSDT").rules.min_notional == 50, "this process has them in memory"
    forget_settings()
    assert rules_of("paper", "BTCUSDT").rules.min_notional == 7


def test_rules_are_read_again_after_a_day(account: ExchangeApi) -> None:
    first = rules_of("paper", "BTCUSDT")
    with time_machine.travel(now() + timedelta(hours=23)):
        assert rules_of("paper", "BTCUSDT") == first
    with time_machine.travel(now() + timedelta(hours=25)):
        later = rules_of("paper", "BTCUSDT")
    assert later.updated_at - first.updated_at > timedelta(hours=24)
    assert replace(later, updated_at=first.updated_at) == first


def test_a_refresh_reads_them_now(account: ExchangeApi) -> None:
    rules_of("paper", "BTCUSDT")
    set_stored(min_notional=Decimal(7))
    assert rules_of("paper", "BTCUSDT", refresh=True).rules.min_notional == 50
    assert stored().min_notional == 50


def test_who_asks_while_another_reads_shares_the_next_answer(
    account: ExchangeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue, reading = public_api("paper"), symbols._books().reading
    asked: list[str] = []
    waiting: list[str] = []

    class Slow:
        """Answers when all have asked."""

        def symbol_rules(self) -> Any:
            asked.append("rules")
            wait_until(lambda: len(waiting) >= 8, 10, "all of them wait")
            return venue.symbol_rules()

    class Turn:
        def acquire(self, timeout: float) -> bool:
            waiting.append("for the turn")
            return reading.acquire(timeout=timeout)

        def release(self) -> None:
            reading.release()

    monkeypatch.setattr(symbols, "public_api", lambda _exchange: Slow())
    monkeypatch.setattr(symbols._books(), "reading", Turn())
    with ThreadPoolExecutor(8) as threads:
        views = list(threads.map(lambda _: rules_of("paper", "BTCUSDT", refresh=True), range(8)))
    questions = len(asked)
    assert questions <= 2, "one for the first, one for all who asked while it was read"
    assert len({view.updated_at for view in views}) <= 2
    rules_of("paper", "BTCUSDT", refresh=True)
    assert len(asked) == questions + 1, "an answer is nobody's who asks after it"


def test_a_symbol_that_is_no_longer_listed_can_not_be_traded(account: ExchangeApi) -> None:
    rules_of("paper", "BTCUSDT")
    with Session.begin() as session:
        session.execute(update(SymbolRule).where(SymbolRule.symbol == "ADAUSDT").values(symbol="GONEUSDT"))
    refresh_all("paper")
    assert not rules_of("paper", "GONEUSDT").rules.tradable
    assert "GONEUSDT" not in [view.rules.symbol for view in tradable_symbols("paper")]
    assert "ADAUSDT" in [view.rules.symbol for view in tradable_symbols("paper")]


def test_an_unknown_symbol_is_not_found(account: ExchangeApi) -> None:
    for _ in range(2):
        with pytest.raises(NotFound):
            rules_of("paper", "NOPEUSDT")
