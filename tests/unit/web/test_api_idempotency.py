"""The same request sent twice is done once."""

import threading
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from core.clock import now
from core.db import Session
from core.domain.lifecycle import StrategyStatus
from core.models import GridStrategy, IdempotencyKey, Operation
from tests.support.grids import running_grid
from tests.unit.web.people import Person, somebody


@pytest.fixture
def owner(app: Flask) -> Person:
    """Has a strategy that runs, of number 1."""
    strategy_id = running_grid()
    with Session.reading() as session:
        return Person(app, session.get_one(GridStrategy, strategy_id).user_id)


def key(text: str) -> dict[str, Any]:
    return {"headers": {"Idempotency-Key": text}}


def operations() -> int:
    with Session.reading() as session:
        return len(session.scalars(select(Operation)).all())


def test_a_repeated_request_is_answered_as_the_first(owner: Person) -> None:
    first = owner.post("/grid/stop/paper/1", {"close_position": True}, **key("k"))
    second = owner.post("/grid/stop/paper/1", {"close_position": True}, **key("k"))
    assert (first.status_code, second.status_code) == (202, 202)
    assert second.json == first.json
    assert second.headers["Location"] == first.headers["Location"]
    assert second.headers["Idempotent-Replayed"] == "true"
    assert operations() == 1


def test_without_a_key_the_second_request_meets_the_new_state(owner: Person) -> None:
    assert owner.post("/grid/stop/paper/1").status_code == 202
    again = owner.post("/grid/stop/paper/1")
    assert (again.status_code, (again.json or {})["reason"]) == (409, "bad_state")


@pytest.mark.parametrize(("path", "body"), [("stop", {"close_position": False}), ("pause", {"close_position": True})])
def test_the_same_key_for_another_request_is_refused(owner: Person, path: str, body: dict[str, bool]) -> None:
    owner.post("/grid/stop/paper/1", {"close_position": True}, **key("k"))
    other = owner.post(f"/grid/{path}/paper/1", body if path == "stop" else {}, **key("k"))
    assert (other.status_code, (other.json or {})["reason"]) == (422, "idempotency_mismatch")


def test_the_key_of_one_user_is_nothing_to_another(app: Flask, owner: Person) -> None:
    owner.post("/grid/stop/paper/1", **key("k"))
    stranger = somebody(app)
    assert stranger.post("/grid/stop/paper/1", **key("k")).status_code == 404


def test_a_refused_request_frees_its_key(owner: Person) -> None:
    refused = owner.post("/grid/resume/paper/1", **key("k"))
    assert refused.status_code == 409
    assert owner.post("/grid/pause/paper/1", **key("k")).status_code == 202


def test_while_the_first_is_worked_on_the_second_is_told_so(owner: Person) -> None:
    owner.post("/grid/stop/paper/1", **key("k"))
    with Session.begin() as session:  # as it stands between claim and commit
        session.execute(update(IdempotencyKey).values(status=None, body=None))
    again = owner.post("/grid/stop/paper/1", **key("k"))
    assert (again.status_code, (again.json or {})["reason"]) == (409, "in_progress")


def test_a_claim_whose_holder_died_is_taken_over(owner: Person) -> None:
    owner.post("/grid/stop/paper/1", **key("k"))
    with Session.begin() as session:  # the holder died before its commit: neither answer nor work is there
        session.execute(update(IdempotencyKey).values(status=None, body=None))
        session.execute(update(GridStrategy).values(status=StrategyStatus.RUNNING))
    with time_machine.travel(now() + timedelta(seconds=40)):
        assert owner.post("/grid/stop/paper/1", **key("k")).status_code == 202
        assert owner.post("/grid/stop/paper/1", **key("k")).headers["Idempotent-Replayed"] == "true"


def test_a_key_is_forgotten_after_a_day(owner: Person) -> None:
    owner.post("/grid/pause/paper/1", **key("k"))
    with time_machine.travel(now() + timedelta(hours=25)):
        owner = Person(owner.client.application, owner.user_id)
        assert owner.post("/grid/resume/paper/1", **key("k")).status_code == 202


@pytest.mark.parametrize("text", ["", "x" * 256, "\x7f", "é"])
def test_a_key_that_is_none_is_refused(owner: Person, text: str) -> None:
    sent = text.encode().decode("latin-1")
    assert owner.post("/grid/stop/paper/1", **key(sent)).status_code == 422


def test_of_many_at_once_one_does_the_work(app: Flask, owner: Person) -> None:
    answers: list[int] = []

    def send() -> None:
        answers.append(Person(app, owner.user_id).post("/grid/stop/paper/1", **key("k")).status_code)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) <= {202, 409}
    assert 202 in answers
    assert operations() == 1
