"""Exactly one answer for each request, whoever is faster."""

import json
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

import pytest

from core.exchange.binance.link import LinkLost, NotSent
from core.exchange.binance.session import Answer, NoAnswer, Session
from tests.support.waiting import wait_until


class ScriptedLink:
    """A link without a socket: `on_send` decides how each send ends, `incoming` is what the reader gets."""

    def __init__(self) -> None:
        self.incoming: SimpleQueue[bytes | LinkLost] = SimpleQueue()
        self.on_send: Callable[[int], None] = lambda number: None
        self.closed = threading.Event()

    def send(self, text: str) -> None:
        self.on_send(json.loads(text)["id"])

    def receive(self, timeout: float) -> list[bytes]:
        try:
            message = self.incoming.get(timeout=min(timeout, 0.05))
        except Empty:
            if self.closed.is_set():
                raise LinkLost("closed") from None
            return []
        if isinstance(message, LinkLost):
            raise message
        return [message]

    def close(self) -> None:
        self.closed.set()


Answers = list[Answer | NoAnswer]


@pytest.fixture
def link() -> ScriptedLink:
    return ScriptedLink()


@pytest.fixture
def session(link: ScriptedLink) -> Session:
    return Session(link, "test")  # type: ignore[arg-type]  # the same three methods


def good(number: int) -> bytes:
    return json.dumps({"id": number, "status": 200, "result": {}}).encode()


def test_an_answer_that_is_faster_than_the_return_from_the_write_is_not_lost(
    link: ScriptedLink, session: Session
) -> None:
    answers: Answers = []

    def answer_before_returning(number: int) -> None:
        link.incoming.put(good(number))
        wait_until(lambda: answers, 2, "the answer, while the write has not returned")

    link.on_send = answer_before_returning
    session.ask("order.place", {}, answers.append)
    assert [type(answer) for answer in answers] == [Answer]


def test_a_loss_noticed_before_the_write_fails_is_told_once(link: ScriptedLink, session: Session) -> None:
    answers: Answers = []

    def lose_then_fail(_: int) -> None:
        link.incoming.put(LinkLost("gone"))
        wait_until(lambda: answers, 2, "the reader has said so")
        raise NotSent

    link.on_send = lose_then_fail
    session.ask("order.place", {}, answers.append)
    assert [type(answer) for answer in answers] == [NoAnswer]


def test_a_write_that_fails_with_nothing_sent_has_no_answer(link: ScriptedLink, session: Session) -> None:
    answers: Answers = []

    def fail(_: int) -> None:
        raise NotSent

    link.on_send = fail
    with pytest.raises(NotSent):
        session.ask("order.place", {}, answers.append)
    link.incoming.put(LinkLost("gone"))
    wait_until(lambda: session.ended_because, 2)
    assert answers == []


def test_a_write_that_was_half_done_is_told_once(link: ScriptedLink, session: Session) -> None:
    answers: Answers = []

    def half(_: int) -> None:
        raise LinkLost("half a frame")

    link.on_send = half
    session.ask("order.place", {}, answers.append)
    link.incoming.put(LinkLost("gone"))
    wait_until(lambda: session.ended_because, 2)
    assert [type(answer) for answer in answers] == [NoAnswer]


def test_an_answer_given_twice_counts_once(link: ScriptedLink, session: Session) -> None:
    answers: Answers = []
    session.ask("order.place", {}, answers.append)
    for _ in range(2):
        link.incoming.put(good(1))
    link.incoming.put(LinkLost("gone"))
    wait_until(lambda: session.ended_because, 2)
    assert len(answers) == 1


def test_an_answer_to_nobody_is_passed_over(link: ScriptedLink, session: Session) -> None:
    answers: Answers = []
    for number in (17, None, "1", -1):
        link.incoming.put(json.dumps({"id": number, "status": 200, "result": {}}).encode())
    session.ask("order.place", {}, answers.append)
    link.incoming.put(good(1))
    wait_until(lambda: answers, 2)
    assert answers == [Answer(200, {})]


def test_an_ended_session_takes_no_request(link: ScriptedLink, session: Session) -> None:
    link.incoming.put(LinkLost("gone"))
    wait_until(lambda: session.ended_because, 2)
    with pytest.raises(NotSent):
        session.ask("order.place", {}, [].append)


def test_requests_of_many_threads_that_race_a_loss_are_each_told_once(link: ScriptedLink, session: Session) -> None:
    told: list[int] = []
    unsent: list[int] = []

    def ask(first: int) -> None:
        for number in range(first, first + 200):
            try:
                session.ask("order.place", {}, lambda _, number=number: told.append(number))  # type: ignore[misc]
            except NotSent:
                unsent.append(number)

    threads = [threading.Thread(target=ask, args=(first,)) for first in range(0, 1600, 200)]
    for thread in threads:
        thread.start()
    link.incoming.put(LinkLost("gone"))
    for thread in threads:
        thread.join()
    wait_until(lambda: session.ended_because and len(told) + len(unsent) >= 1600, 5)
    assert sorted(told + unsent) == list(range(1600))
