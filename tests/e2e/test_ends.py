"""What takes the venue from a strategy while it runs: a delisting, a halt, a key that is revoked. Each ends it with its
reason, in the log and at its user's; what the venue does not let go then is taken back when it does."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.clock import now_ms
from core.config import ROOT
from tests.e2e.books import VenueAccount, assert_account_closes, assert_nothing_is_left
from tests.e2e.test_flows import grid
from tests.support.event_stream import EventClient
from tests.support.mailbox import Mailbox, mailbox
from tests.support.stack import Stack, User
from tests.support.waiting import wait_until

AT_ONCE = {"KEY_LIMIT_S": "0", "HALT_LIMIT_S": "0"}  # each is waited for an hour, a quarter of one
MINUTE_MS = 60_000
REVOKED = {"status": 401, "code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}
BITCOIN = {"symbol": "BTCUSDT", "lower_price": "78000", "upper_price": "82000"}
SOLANA = {"symbol": "SOLUSDT", "lower_price": "95", "upper_price": "105"}


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path, AT_ONCE)
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as found:
        yield found


def test_a_delisting_a_halt_and_a_revoked_key_end_what_they_take_the_venue_from(
    stack: Stack, user: User, box: Mailbox
) -> None:
    user.api.put("/notifications/settings", {"targets": [{"url": box.url}], "language": "en"})
    log = EventClient(f"{stack.web_url}/api/v1/events", dict(user.api.headers), since="0-0")
    ether, bitcoin, solana = (
        user.start_grid(**grid(strategy_type="BULLISH", total_investment="500", **changes))
        for changes in ({}, BITCOIN, SOLANA)
    )
    announce(stack, "ETHUSDT", minutes=90)
    watch_markets(stack)
    warned = log.wait_for("warning", lambda told: told["code"] == "delisting")
    assert warned["grid_id"] == ether
    announce(stack, "ETHUSDT", minutes=30)
    stack.venue.halt("BTCUSDT")
    watch_markets(stack)
    assert user.wait_for_status(ether, "FINISHED")["finish_reason"] == "DELISTED"
    assert_nothing_is_left(stack, user, "ETHUSDT")
    assert user.wait_for_status(bitcoin, "STOPPING")["finish_reason"] == "MARKET_HALT"
    stack.venue.halt("BTCUSDT", False)
    user.wait_for_status(bitcoin, "FINISHED")
    assert_nothing_is_left(stack, user, "BTCUSDT")

    stack.venue.inject("error", **REVOKED)
    ended = user.wait_for_status(solana, "FINISHED")
    assert ended["finish_reason"] == "KEY_REVOKED"
    assert "10 orders" in ended["waiting_for"]
    stack.venue.restore_service()
    assert len(VenueAccount(stack, user).open_orders("SOLUSDT")) == 10
    give_key_anew(user)
    wait_until(lambda: not user.detail(solana)["waiting_for"], 15, "what was left is taken back")
    user.wait_for_status(solana, "FINISHED")
    assert_nothing_is_left(stack, user, "SOLUSDT")
    assert_account_closes(user)

    ends = {ether: "delisted", bitcoin: "market_halt", solana: "key_revoked"}
    assert {told["grid_id"]: told["code"] for told in log.of("warning") if told["code"] in ends.values()} == ends
    words = ("the symbol is delisted", "the market is halted", "the exchange key was revoked")
    wait_until(lambda: all(word in told(box) for word in words), 30, f"the user is told: {box.messages}")
    log.close()


def announce(stack: Stack, symbol: str, minutes: int) -> None:
    """A perpetual contract that gets a delivery date is delisted then."""
    listed: Any = stack.venue.admin.get("/symbols")
    listing = next(one for one in listed if one["symbol"] == symbol)
    stack.venue.admin.post("/symbols", {**listing, "deliveryDate": now_ms() + minutes * MINUTE_MS})


def give_key_anew(user: User) -> None:
    """With it the account is compared at once; by itself it would be within a minute."""
    user.api.delete(f"/exchange-keys/{user.key_id}")
    keys = {"exchange": "paper", "api_key": user.api_key, "api_secret": user.api_secret}
    user.key_id = user.api.post("/exchange-keys", keys)["id"]


def watch_markets(stack: Stack) -> None:
    """What beat rings once a minute."""
    ring = (sys.executable, "-m", "celery", "-A", "tasks.app", "call", "tasks.upkeep.watch_halts")
    subprocess.run(ring, env=stack.environment, cwd=ROOT, check=True, capture_output=True, timeout=30)


def told(box: Mailbox) -> str:
    return "\n".join(message["message"] for message in box.messages)
