"""What happens to a grid reaches who follows it and who wants to be told, through the real processes."""

from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.test_flows import SYMBOL, grid, walk
from tests.support.event_stream import EventClient
from tests.support.mailbox import Mailbox, mailbox
from tests.support.stack import Stack, User, on_sqlite
from tests.support.waiting import wait_until


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as found:
        yield found


@on_sqlite
def test_a_grids_life_is_streamed_and_its_end_told(stack: Stack, user: User, box: Mailbox) -> None:
    api = f"{stack.web_url}/api/v1"
    wanted = {"targets": [{"url": box.url}], "language": "zh-Hant"}
    headers = {"Authorization": user.api.headers["Authorization"]}
    assert httpx.put(f"{api}/notifications/settings", json=wanted, headers=headers, timeout=15).status_code == 200
    user.api.post("/notifications/test")
    wait_until(lambda: box.messages, 20, "the test has arrived")
    client = EventClient(f"{api}/events", headers)
    grid_id = user.start_grid(**grid())
    walk(stack, user, grid_id, 2465)
    fill = client.wait_for("fill", lambda _: True, 10)
    assert (fill["grid_id"], fill["symbol"]) == (grid_id, SYMBOL)
    walk(stack, user, grid_id, 2505)
    client.wait_for("order", lambda told: told["status"] == "FILLED", 10)
    client.wait_for("order", lambda told: told["status"] == "PLACED" and told["purpose"] == "COUNTER")
    client.wait_for("price", lambda told: told["symbol"] == SYMBOL)
    user.api.post(f"/grid/stop/paper/{grid_id}", {"close_position": True})
    user.wait_for_status(grid_id, "STOPPED")
    for status in ("RUNNING", "STOPPED"):
        client.wait_for("status", lambda told, status=status: told.get("status") == status, 10)
    client.close()
    wait_until(lambda: len(box.messages) == 2, 30, f"the end has arrived: {box.messages}")
    assert box.messages[1]["message"] == f"網格 {grid_id} {SYMBOL}: 已停止"
    wait_until(
        lambda: [row["state"] for row in user.api.get("/notifications")] == ["SENT", "SENT"],
        10,
        "both are noted as sent",
    )
