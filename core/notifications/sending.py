"""Runs couriers: one process per target, all at once, none longer than a task may take."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.clock import monotonic
from core.config import ROOT, settings

PATIENCE_S = 8.0
_COURIER = (sys.executable, "-m", "core.notifications.courier")
_NO_ANSWER = "no answer in time"


@dataclass(frozen=True, slots=True)
class Result:
    """`error` is empty where the target has taken it."""

    error: str


def check(urls: Sequence[str]) -> list[Result]:
    """Whether each is an address that something may be sent to. Sends nothing."""
    return _run([{"url": url} for url in urls])


def send(urls: Sequence[str], title: str, body: str) -> list[Result]:
    """One message to several targets; returns within PATIENCE_S and a little."""
    return _run([{"url": url, "title": title, "body": body} for url in urls])


def _run(jobs: Sequence[Mapping[str, Any]]) -> list[Result]:
    until = monotonic() + PATIENCE_S
    couriers = [_start({**job, "private": settings().notify_private}) for job in jobs]
    return [_result(courier, until - monotonic()) for courier in couriers]


def _start(job: Mapping[str, Any]) -> "subprocess.Popen[str]":
    """Of our environment it gets nothing but the path: no secrets, no proxy."""
    courier = subprocess.Popen(  # noqa: S603 - our own command line
        _COURIER,
        cwd=ROOT,
        env={"PATH": os.environ.get("PATH", os.defpath), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert courier.stdin is not None
    with courier.stdin as told:
        told.write(json.dumps(job))
    courier.stdin = None
    return courier


def _result(courier: "subprocess.Popen[str]", seconds: float) -> Result:
    try:
        told, _ = courier.communicate(timeout=max(0.1, seconds))
        return Result(json.loads(told)["error"])
    except subprocess.TimeoutExpired:
        courier.kill()
        courier.communicate()
        return Result(_NO_ANSWER)
    except (ValueError, KeyError):
        return Result("it could not be sent")
