"""Waiting for what other processes do, bounded."""

from collections.abc import Callable
from typing import TypeVar

from core.clock import monotonic, sleep

T = TypeVar("T")


def wait_until(predicate: Callable[[], T | None], timeout: float, what: str = "") -> T:
    """The predicate's first truthy answer; AssertionError with `what` and the last answer after `timeout` seconds."""
    deadline = monotonic() + timeout
    while not (answer := predicate()):
        if monotonic() >= deadline:
            raise AssertionError(f"not within {timeout} s: {what or predicate} (last answer: {answer!r})")
        sleep(0.05)
    return answer
