"""Where users want to be told: checked, kept secret, their own."""

import json
from typing import Any

import pytest
from flask import Flask

from core.db import Session
from core.models import Notification
from tests.unit.web.people import Person

SETTINGS = "/notifications/settings"
URL = "jsons://user:pa55word@hooks.example.com/t0ken-of-mine"


def test_everybody_begins_without_fills_and_without_targets(anna: Person) -> None:
    assert anna.get(SETTINGS).json == {
        "language": "en",
        "kinds": {"fills": False, "ends": True, "warnings": True, "alarms": True},
        "targets": [],
    }
    assert anna.get("/notifications").json == []


def test_an_address_goes_in_and_never_comes_out(anna: Person, caplog: pytest.LogCaptureFixture) -> None:
    changed: Any = anna.put(SETTINGS, {"targets": [{"url": URL}], "language": "zh-Hant", "kinds": {"fills": True}})
    assert changed.status_code == 200
    assert changed.json["targets"] == [{"id": 1, "masked": "jsons://…mine"}]
    assert (changed.json["language"], changed.json["kinds"]["fills"]) == ("zh-Hant", True)
    assert anna.get(SETTINGS).json == changed.json
    said = json.dumps(changed.json) + caplog.text
    assert not any(secret in said for secret in ("pa55word", "hooks.example.com", "t0ken"))


def test_a_target_stays_by_its_id_and_goes_without(anna: Person) -> None:
    anna.put(SETTINGS, {"targets": [{"url": URL}, {"url": f"{URL}2"}]})
    kept: Any = anna.put(SETTINGS, {"targets": [{"id": 2}]}).json
    assert [target["id"] for target in kept["targets"]] == [2]
    assert anna.put(SETTINGS, {"language": "en"}).json == kept


@pytest.mark.parametrize(
    ("targets", "reason"),
    [
        ([{"url": "dbus://session"}], "url_not_allowed"),
        ([{"url": "jsons://"}], "url_not_allowed"),
        ([{"url": "discord://short"}], "url_not_allowed"),
        ([{"url": URL}, {"url": "file:///etc/passwd"}], "url_not_allowed"),
        ([{"url": URL, "id": 1}], "invalid_fields"),
        ([{}], "invalid_fields"),
        ([{"url": URL}] * 6, "invalid_fields"),
        ([{"id": 77}], "no_such_target"),
    ],
)
def test_what_nothing_can_be_sent_to_is_refused(anna: Person, targets: list[Any], reason: str) -> None:
    answer: Any = anna.put(SETTINGS, {"targets": targets})
    assert (answer.status_code, answer.json["reason"]) == (422, reason)
    assert "targets" in answer.json["errors"]["json"]
    assert "pa55word" not in json.dumps(answer.json)
    assert (anna.get(SETTINGS).json or {})["targets"] == []


def test_another_users_target_is_not_there(anna: Person, bert: Person) -> None:
    anna.put(SETTINGS, {"targets": [{"url": URL}]})
    assert bert.put(SETTINGS, {"targets": [{"id": 1}]}).status_code == 422
    assert (bert.get(SETTINGS).json or {})["targets"] == []
    assert len((anna.get(SETTINGS).json or {})["targets"]) == 1


def test_a_test_needs_a_target_and_patience(app: Flask, anna: Person) -> None:
    assert (anna.post("/notifications/test").json or {})["reason"] == "no_target"
    anna.put(SETTINGS, {"targets": [{"url": URL}]})
    answer: Any = anna.post("/notifications/test")
    assert (answer.status_code, answer.json["state"], answer.json["kind"]) == (202, "PENDING", "test")
    again: Any = anna.post("/notifications/test")
    assert (again.status_code, again.json["reason"]) == (409, "too_soon")


def test_the_list_is_ones_own_and_has_pages(anna: Person, bert: Person) -> None:
    with Session.begin() as session:
        for number in range(3):
            session.add(
                Notification(user_id=anna.user_id, kind="alarms", title=str(number), body="-", count=1, state="SENT")
            )
    page = anna.get("/notifications?page=2&page_size=2")
    assert [entry["title"] for entry in page.json or []] == ["2"]
    assert json.loads(page.headers["X-Pagination"])["total"] == 3
    assert anna.get("/notifications?page=9").json == []
    assert bert.get("/notifications").json == []
