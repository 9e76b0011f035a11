"""One client's stream: slow clients, sessions that end, marks."""

import pytest
from flask import Flask
from sqlalchemy import select

from core.config import ROOT
from core.db import Session
from core.models import RefreshToken
from tests.unit.web.people import Person
from web import streams
from web.events import STREAMS, STREAMS_OF_A_USER, Hub, TooMany
from web.streams import Mark, News, Stream

NOWHERE = Mark(0, 0)
NEWS = News("price", b"{}")


@pytest.mark.parametrize("text", ["", "7", "7-", "-7-8", "7-8 ", "7-8\n", "a-b", f"{10**18}-1"])
def test_what_is_no_mark_of_ours_is_none(text: str) -> None:
    assert Mark.parse(text) is None


def test_a_mark_reads_back() -> None:
    assert Mark.parse(str(Mark(7, 8))) == Mark(7, 8)


def test_a_client_that_reads_nothing_loses_its_stream_and_nobody_waits(anna: Person) -> None:
    stream = Stream(anna.user_id, "family", None)
    for _ in range(streams.QUEUE + 100):
        stream.put(NEWS, NOWHERE)
    assert list(stream.read(NOWHERE, None)) == [b"retry: 1000\n\n"]


def test_a_quiet_stream_shows_that_it_is_alive(anna: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.0)
    monkeypatch.setattr(streams, "LIVES_FOR_S", 0.1)
    assert b": alive\n\n" in list(stream_of(anna).read(NOWHERE, None))


def test_a_stream_ends_with_its_session(app: Flask, anna: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.0)
    stream = stream_of(anna)
    wire = stream.read(NOWHERE, None)
    assert [next(wire), next(wire)] == [b"retry: 1000\n\n", b": alive\n\n"]
    assert anna.post("/auth/logout").status_code == 204
    assert list(wire) == []


def stream_of(person: Person) -> Stream:
    with Session.reading() as session:
        token = session.scalars(select(RefreshToken).where(RefreshToken.user_id == person.user_id)).one()
    return Stream(person.user_id, token.family, None)


def test_streams_are_counted_and_given_back(app: Flask) -> None:
    hub = Hub()
    mine = [Stream(1, "family", None) for _ in range(STREAMS_OF_A_USER)]
    for stream in mine:
        hub.join(stream)
    with pytest.raises(TooMany):
        hub.join(Stream(1, "family", None))
    others = [Stream(2, "family", None) for _ in range(STREAMS - STREAMS_OF_A_USER)]
    for stream in others:
        hub.join(stream)
    with pytest.raises(TooMany):
        hub.join(Stream(3, "family", None))
    hub.leave(mine[0])
    hub.join(Stream(3, "family", None))


def test_the_web_process_has_a_thread_for_every_stream_besides_its_own() -> None:
    assert f"threads = 64 + {STREAMS} " in (ROOT / "gunicorn.conf.py").read_text()
