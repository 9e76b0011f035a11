"""Two market processes of two hosts: one speaks, the other takes over when it falls silent."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core import bus
from core.clock import monotonic
from core.db import Session
from core.leases import TTL
from core.models import Lease
from stack.spawn import end, spawn
from tasks.market import CLAIM_EVERY
from tests.support.servers import PaperServer
from tests.support.waiting import wait_until

SYMBOL = "BTCUSDT"
WITHIN_S = TTL.total_seconds() + CLAIM_EVERY + 1

Hosts = dict[str, "subprocess.Popen[bytes]"]  # by the start of the host's id

pytestmark = pytest.mark.usefixtures("database_url", "redis_server")


@pytest.fixture
def hosts(paper_server: PaperServer, tmp_path: Path) -> Iterator[Hosts]:
    running: Hosts = {}
    for name in ("one", "other"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "host-id").write_text(name)
        with (folder / "market.log").open("wb") as log:
            env = {**os.environ, "VAR_DIR": str(folder)}
            running[name] = spawn([sys.executable, "-m", "tasks.market"], env=env, output=log)
    yield running
    for process in running.values():
        end(process, 0)


def active() -> str | None:
    with Session.reading() as session:
        lease = session.get(Lease, "market:paper")
        return lease and lease.owner


def shown() -> str | None:
    mark = bus.mark("paper", SYMBOL)
    return mark and str(mark["mark_price"])


def show(paper: PaperServer, price: str, within: float = 5) -> None:
    paper.move(SYMBOL, price)
    wait_until(lambda: shown() == price, within, f"the mark {price} is published")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "paused"])
def test_the_other_takes_over_within_a_lease(hosts: Hosts, paper_server: PaperServer, number: signal.Signals) -> None:
    first = wait_until(active, 15, "one is active")
    show(paper_server, "99000", within=15)
    hosts[first].send_signal(number)
    stopped = (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)
    wait_until(lambda: psutil.Process(hosts[first].pid).status() in stopped, 5, "it has stopped")
    begun = monotonic()
    show(paper_server, "98000", within=WITHIN_S)
    assert monotonic() - begun > 1.0, "the other was not silent"
    assert active() != first


def test_one_that_is_asked_to_end_hands_over_at_once(hosts: Hosts, paper_server: PaperServer) -> None:
    first = wait_until(active, 15, "one is active")
    show(paper_server, "99000", within=15)
    end(hosts[first], 5)
    wait_until(lambda: active() != first, CLAIM_EVERY + 1, "the other is active")
    show(paper_server, "98000")
