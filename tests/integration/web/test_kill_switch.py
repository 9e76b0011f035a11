"""The kill switch over HTTP, and the operator's from the command line."""

import subprocess
import sys
from typing import Any

from flask import Flask

from core.config import ROOT
from core.db import Session
from core.models import User
from core.passwords import hash_password
from tests.unit.web.people import PASSWORD, Person


def test_it_halts_at_once_and_is_released_with_the_password_only(anna: Person, grid: dict[str, Any]) -> None:
    with Session.begin() as session:
        session.get_one(User, anna.user_id).password_hash = hash_password(PASSWORD)
    number = (anna.post("/grid/create/paper", grid).json or {})["id"]
    shown: Any = anna.post("/kill-switch/paper", {"halted": True}).json
    assert (shown["halted"], shown["switch"]) == (True, "account")
    refused = anna.post(f"/grid/start/paper/{number}")
    assert (refused.status_code, (refused.json or {})["reason"]) == (423, "halted")
    for body in ({"halted": False}, {"halted": False, "password": "wrong"}):
        answer = anna.post("/kill-switch/paper", body)
        assert (answer.status_code, (answer.json or {})["reason"]) == (403, "step_up_required")
    assert (anna.post("/kill-switch/paper", {"halted": False, "password": PASSWORD}).json or {})["halted"] is False
    assert anna.post(f"/grid/start/paper/{number}").status_code == 202


def test_without_a_key_there_is_nothing_to_halt(app: Flask, anna: Person) -> None:
    assert anna.post("/kill-switch/binance", {"halted": True}).status_code == 404
    assert anna.get("/kill-switch/paper").json == {"halted": False, "switch": None, "reason": None, "since": None}


def test_the_operators_switch_needs_the_database_only_and_is_not_the_users_to_release(
    anna: Person, grid: dict[str, Any]
) -> None:
    number = (anna.post("/grid/create/paper", grid).json or {})["id"]
    with Session.begin() as session:
        session.get_one(User, anna.user_id).password_hash = hash_password(PASSWORD)
    assert "on" in command("on", "--reason", "maintenance")
    shown: Any = anna.post("/kill-switch/paper", {"halted": False, "password": PASSWORD}).json
    assert (shown["halted"], shown["switch"], shown["reason"]) == (True, "all", "maintenance")
    assert anna.post(f"/grid/start/paper/{number}").status_code == 423
    command("off")
    assert (anna.get("/kill-switch/paper").json or {})["halted"] is False


def command(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tasks.kill_switch", *arguments], cwd=ROOT, capture_output=True, check=True, text=True
    )
    return done.stdout
