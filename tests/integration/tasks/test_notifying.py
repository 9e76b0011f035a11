"""A real worker: what it is rung for arrives, and it hints at what its tasks may have changed."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery

from core import bus
from core.db import Session
from core.execution.telling import tell
from core.models import GridStrategy, Notification
from core.notifications import preferences
from stack.spawn import end, spawn
from tests.support.grids import running_grid, strategy_row
from tests.support.mailbox import mailbox
from tests.support.servers import RedisServer
from tests.support.waiting import wait_until

WORKER = "-m celery -A tasks.app worker --pool threads --queues orders,control,upkeep --without-mingle --without-gossip"


@pytest.fixture
def grid_id(database_url: str, redis_server: RedisServer) -> int:
    return running_grid()


@pytest.fixture
def worker(grid_id: int, tmp_path: Path) -> Iterator[None]:
    with (tmp_path / "worker.log").open("ab") as log:
        process = spawn([sys.executable, *WORKER.split()], output=log)
    yield
    end(process, 10)


def test_a_warning_goes_from_the_event_log_to_its_target(worker: None, redis_server: RedisServer, grid_id: int) -> None:
    user_id = strategy_row(grid_id).user_id
    with mailbox() as box:
        with Session.begin() as session:
            preferences.change(session, user_id, {"targets": [{"url": box.url}]})
            tell(session, session.get_one(GridStrategy, grid_id), "order_refused", "in words", "WARNING")
        ring(redis_server, "upkeep", "tasks.upkeep.notify")
        wait_until(lambda: box.messages, 30, "the message has arrived")
        wait_until(lambda: _state() == "SENT", 5, "and that is noted")


def test_a_task_is_hinted_at_when_it_is_done(worker: None, redis_server: RedisServer, grid_id: int) -> None:
    changes = bus.Changes()
    changes.wait(0.1)
    account_id = strategy_row(grid_id).account_id
    ring(redis_server, "control", "tasks.strategies.pause", grid_id)
    ring(redis_server, "orders", "tasks.orders.handle_events", account_id, [])
    heard: set[str] = set()
    wait_until(lambda: heard.update(changes.wait(0.2)) or len(heard) == 2, 30, "both hints")
    assert heard == {f"strategy:{grid_id}", f"account:{account_id}"}
    changes.close()


def ring(server: RedisServer, queue: str, task_name: str, *arguments: object) -> None:
    """By an app of its own: this process's may have been made for another broker."""
    with Celery(broker=server.url, set_as_current=False) as sender:
        sender.send_task(task_name, arguments, queue=queue)


def _state() -> str:
    with Session.reading() as session:
        return session.get_one(Notification, 1).state
