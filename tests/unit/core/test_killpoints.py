"""A kill point kills the process at its nth pass, and does not exist without the variable."""

import os
import signal
import subprocess
import sys

import pytest

PASSES = """
from core.killpoints import passing
for number in range(1, 5):
    print(number, flush=True)
    passing("before_send")
    passing("after_send")
"""


@pytest.mark.parametrize(
    ("kill_point", "printed", "code"),
    [
        ("", "1234", 0),
        ("after_send:3", "123", -signal.SIGKILL),
        ("before_send:1", "1", -signal.SIGKILL),
        ("after_commit:1", "1234", 0),
    ],
)
def test_a_process_dies_at_the_nth_pass_of_its_kill_point(kill_point: str, printed: str, code: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PASSES],
        env={**os.environ, "KILL_POINT": kill_point},
        capture_output=True,
        check=False,
        text=True,
    )
    assert ended.stdout.replace("\n", "") == printed
    assert ended.returncode == code
