"""The runner with small shell programs as children: what it keeps alive, and what it leaves behind (nothing)."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core.clock import monotonic
from core.config import ROOT
from tests.support.waiting import wait_until

STEADY = "sh -c 'echo $$ >> $OUT/{name}; while :; do sleep 0.1; done'"


class SmallRunner:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.grace = 1.0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **commands: str) -> "SmallRunner":
        lines = {"release": "true"} | {name: line.replace("{name}", name) for name, line in commands.items()}
        file = self.folder / "Procfile"
        file.write_text("".join(f"{name}: {line}\n" for name, line in lines.items()))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.small_runner", file, self.folder, str(self.grace)],
            cwd=ROOT,
            env={**os.environ, "OUT": str(self.folder)},
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        return self

    def starts_of(self, name: str) -> list[int]:
        """Process ids that a child has written, one per start."""
        file = self.folder / name
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    def first_start_of(self, name: str) -> int:
        return wait_until(lambda: self.starts_of(name), 5, f"{name} has started")[0]

    def signal(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(20)


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[SmallRunner]:
    made = SmallRunner(tmp_path)
    yield made
    if made.process is not None:
        made.process.kill()
        made.process.wait()
        made.process.stdout.close()


def lives(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def test_a_killed_child_is_running_again_within_three_seconds(runner: SmallRunner) -> None:
    first = runner.start(web=STEADY, worker=STEADY).first_start_of("web")
    other = runner.first_start_of("worker")
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: len(runner.starts_of("web")) == 2, 3, "web is running again")
    assert lives(runner.starts_of("web")[1])
    assert runner.starts_of("worker") == [other]


def test_a_child_that_never_comes_up_is_tried_at_least_every_two_seconds(runner: SmallRunner) -> None:
    runner.start(web="sh -c 'echo $$ >> $OUT/web; exit 3'").first_start_of("web")
    wait_until(lambda: len(runner.starts_of("web")) >= 6, 8, "five tries, with pauses of 0.1, 0.2, 0.4, 0.8, 1.6 s")
    seen = len(runner.starts_of("web"))
    wait_until(lambda: len(runner.starts_of("web")) > seen, 2.5, "the pause has not grown past 2 s")


def test_ending_asks_every_leader_and_returns_success(runner: SmallRunner) -> None:
    polite = (
        "sh -c 'trap \"echo asked >> $OUT/asked; exit 0\" TERM; echo $$ >> $OUT/{name}; while :; do sleep 0.1; done'"
    )
    pids = [runner.start(web=polite, worker=polite).first_start_of(name) for name in ("web",)]
    pids.append(runner.first_start_of("worker"))
    assert runner.signal(signal.SIGINT) == 0
    assert (runner.folder / "asked").read_text().split() == ["asked", "asked"]
    assert not any(map(lives, pids))


def test_who_ignores_the_request_is_killed_after_its_grace(runner: SmallRunner) -> None:
    stubborn = "sh -c 'trap \"\" TERM; echo $$ >> $OUT/{name}; while :; do sleep 0.1; done'"
    pid = runner.start(web=stubborn).first_start_of("web")
    begun = monotonic()
    assert runner.signal(signal.SIGTERM) == 0
    assert not lives(pid)
    assert 1.0 <= monotonic() - begun < 5.0


def test_a_second_signal_ends_all_at_once(runner: SmallRunner) -> None:
    runner.grace = 60
    stubborn = "sh -c 'trap \"echo >> $OUT/asked\" TERM; echo $$ >> $OUT/{name}; while :; do sleep 0.05; done'"
    pid = runner.start(web=stubborn).first_start_of("web")
    runner.process.send_signal(signal.SIGINT)
    wait_until((runner.folder / "asked").exists, 3)
    assert runner.signal(signal.SIGINT) == 0
    assert not lives(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills children with their parent: run it on Linux")
def test_nothing_outlives_a_killed_runner(runner: SmallRunner) -> None:
    pids = [runner.start(web=STEADY, worker=STEADY).first_start_of("web"), runner.first_start_of("worker")]
    runner.signal(signal.SIGKILL)
    wait_until(lambda: not any(map(lives, pids)), 3, "the children have gone with it")


def test_what_a_dead_leader_left_behind_goes_before_it_starts_again(runner: SmallRunner) -> None:
    with_grandchild = "sh -c 'sleep 300 & echo $! >> $OUT/grandchild; echo $$ >> $OUT/{name}; wait'"
    leader = runner.start(listener=with_grandchild).first_start_of("listener")
    orphan = runner.first_start_of("grandchild")
    os.kill(leader, signal.SIGKILL)
    wait_until(lambda: len(runner.starts_of("grandchild")) == 2, 3, "the leader runs again with a new child")
    assert not lives(orphan)


def test_nothing_starts_when_the_release_command_fails(runner: SmallRunner) -> None:
    runner.start(release="sh -c 'echo cannot migrate; exit 1'", web=STEADY)
    output, _ = runner.process.communicate(timeout=10)
    assert runner.process.returncode == 1
    assert b"release  | cannot migrate\n" in output
    assert runner.starts_of("web") == []


def test_lines_go_to_the_terminal_and_to_a_file_even_the_last_unfinished_one(runner: SmallRunner) -> None:
    runner.start(web="sh -c 'printf \"first\\nsecond\"; exec sleep 300'")
    log = runner.folder / "web.log"
    wait_until(lambda: log.exists() and "first" in log.read_text(), 5)
    runner.process.send_signal(signal.SIGINT)
    output, _ = runner.process.communicate(timeout=10)
    assert log.read_text() == "first\nsecond\n"
    assert b"web      | first\nweb      | second\n" in output


def test_a_reader_that_never_reads_does_not_hold_up_the_runner(runner: SmallRunner) -> None:
    runner.start(web="sh -c 'echo $$ >> $OUT/web; yes | head -c 2000000; while :; do sleep 0.1; done'")
    os.kill(runner.first_start_of("web"), signal.SIGKILL)
    wait_until(lambda: len(runner.starts_of("web")) == 2, 5, "it still restarts what dies")
    assert runner.signal(signal.SIGINT) == 0


def test_a_second_runner_in_the_same_folder_is_refused(runner: SmallRunner, tmp_path: Path) -> None:
    runner.start(web=STEADY).first_start_of("web")
    second = SmallRunner(tmp_path).start(web=STEADY)
    second.process.communicate(timeout=10)
    assert second.process.returncode != 0
    assert len(runner.starts_of("web")) == 1
