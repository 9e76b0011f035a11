"""A grid that is changed while it runs, by its user or by the market, through the real processes."""

from decimal import Decimal
from typing import Any

import pytest

from tests.e2e.books import VenueAccount, assert_books_close, settle
from tests.e2e.test_flows import SYMBOL, grid, walk
from tests.support.event_stream import EventClient
from tests.support.stack import Stack, User, on_postgresql
from tests.support.waiting import wait_until

D = Decimal
HUNDRED = grid(lower_price="2250", upper_price="2750", grid_number=100, total_investment="5000", leverage=5)


def wait_for_task(user: User, task_id: str, timeout: float = 30) -> None:
    def ended() -> bool:
        task = user.api.get(f"/tasks/{task_id}")
        assert task["state"] != "FAILURE", task["error"]
        return bool(task["state"] == "SUCCESS")

    wait_until(ended, timeout, "the update is done")


def resting(stack: Stack, user: User) -> dict[str, Any]:
    return {order.client_order_id: order for order in VenueAccount(stack, user).open_orders(SYMBOL)}


def triggers(user: User, grid_id: int) -> list[Decimal]:
    return [D(order["trigger_price"]) for order in user.detail(grid_id)["protection"]]


def test_an_update_a_step_and_a_reset_of_a_hundred_levels_are_told_as_plans(stack: Stack, user: User) -> None:
    """What their plans leave untouched keeps its place at the venue: update, then trailing, then a reset of it all."""
    news = EventClient(f"{stack.web_url}/api/v1/events", {"Authorization": user.api.headers["Authorization"]})
    grid_id = user.start_grid(**HUNDRED)
    walk(stack, user, grid_id, 2482, 2516)
    before = resting(stack, user)
    change = {"lower_price": "2275", "upper_price": "2775", "stop_loss": "2200", "trailing_up": "2780"}
    seen = user.api.put(f"/grid/update/paper/{grid_id}", change, dry_run="true")
    assert resting(stack, user).keys() == before.keys()
    plan = user.api.put(f"/grid/update/paper/{grid_id}", change)
    assert [plan[name] for name in ("kept", "cancelled", "new")] == [
        seen[name] for name in ("kept", "cancelled", "new")
    ]
    wait_for_task(user, plan["task_id"])
    settle(stack, user, grid_id, SYMBOL)
    after = resting(stack, user)
    untouched = {order["client_order_id"] for order in plan["kept"]}
    assert untouched == before.keys() & after.keys()
    assert all(before[one].order_id == after[one].order_id for one in untouched)
    assert len(after) == 100
    assert len(untouched) == plan["untouched"] >= 90
    assert news.wait_for("status", lambda told: told.get("code") == "updated")["data"]["kept"] == plan["untouched"]
    changed = user.detail(grid_id)
    assert (D(changed["lower_price"]), D(changed["upper_price"])) == (2275, 2775)
    wait_until(lambda: triggers(user, grid_id) == [2200], 15, "the stop-loss is there")
    walk(stack, user, grid_id, 2560, 2774)
    before = resting(stack, user)
    stack.venue.move(SYMBOL, "2780")
    assert news.wait_for("status", lambda told: told.get("code") == "trailed", 30)["data"]["kept"] == 99
    settle(stack, user, grid_id, SYMBOL)
    after = resting(stack, user)
    stayed = before.keys() & after.keys()
    assert len(stayed) == 98, "all but the one that sold at 2775 and the one that was dropped"
    assert all(before[one].order_id == after[one].order_id for one in stayed)
    again = {"lower_price": "2530", "upper_price": "3030", "close_position": True, "trailing_up": None}
    plan = user.api.post(f"/grid/reset/paper/{grid_id}?dry_run=true", again)
    assert (plan["untouched"], len(plan["cancelled"]), len(plan["new"])) == (0, 100, 100)
    assert {order["client_order_id"] for order in plan["cancelled"]} == after.keys() == resting(stack, user).keys()
    assert D(plan["closed_quantity"]) == D(user.detail(grid_id)["pnl"]["position"]) < 0
    wait_for_task(user, user.api.post(f"/grid/reset/paper/{grid_id}", again)["task_id"])
    told = news.wait_for("status", lambda told: told.get("code") == "reset")["data"]
    assert (told["kept"], told["cancelled"], told["new"]) == (0, 100, 100)
    settle(stack, user, grid_id, SYMBOL)
    assert len(resting(stack, user)) == 100
    assert resting(stack, user).keys().isdisjoint(after.keys())
    news.close()
    assert_books_close(stack, user, grid_id, SYMBOL)


@pytest.mark.parametrize(
    ("stack", "strategy_type"), [("sqlite", "BULLISH"), ("postgresql", "BEARISH")], indirect=["stack"]
)
def test_a_worker_killed_in_the_middle_of_an_update_loses_nothing(stack: Stack, user: User, strategy_type: str) -> None:
    grid_id = user.start_grid(**grid(strategy_type=strategy_type))
    plan = user.api.put(f"/grid/update/paper/{grid_id}", {"total_investment": "2600", "grid_number": 20})
    assert plan["inventory_side"] is not None
    stack.wait_for_restart("gridkeeper: worker", stack.kill("gridkeeper: worker"))
    wait_for_task(user, plan["task_id"])
    settle(stack, user, grid_id, SYMBOL, timeout=30)
    assert len(resting(stack, user)) == 20
    walk(stack, user, grid_id, 2465, 2535, 2500)
    assert_books_close(stack, user, grid_id, SYMBOL)


@on_postgresql
def test_a_grid_follows_the_market_up_to_its_limit(stack: Stack, user: User) -> None:
    grid_id = user.start_grid(**grid(trailing_up="2660", stop_loss_pct="1"))
    before = resting(stack, user)
    stack.venue.move(SYMBOL, "2700")
    wait_until(lambda: D(user.detail(grid_id)["upper_price"]) == 2660, 30, "three steps are taken")
    settle(stack, user, grid_id, SYMBOL)
    changed = user.detail(grid_id)
    assert (D(changed["lower_price"]), changed["grid_number"]) == (2460, 10)
    wait_until(lambda: triggers(user, grid_id) == [D(2460) * D("0.99")], 15, "the stop-loss has followed")
    assert len(before.keys() & resting(stack, user).keys()) == 2, "the others have sold, or were dropped"
    stack.venue.move(SYMBOL, "2550")
    settle(stack, user, grid_id, SYMBOL)
    assert_books_close(stack, user, grid_id, SYMBOL)
