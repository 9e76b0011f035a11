"""What a sender remembers of the venue's answers."""

from collections.abc import Iterable
from decimal import Decimal

import pytest

from core.domain.order import OrderNews, OrderStatus, OrderType, Side
from core.exchange import Credentials
from core.exchange.base import NewOrder, OnReply, Outcome, Reply, StreamEvent
from core.exchange.pool import Lease
from core.execution import sending
from core.execution.intents import Attempt
from core.execution.sending import Sender
from core.execution.together import Together

D = Decimal
ORDER = NewOrder("ETHUSDT", Side.BUY, OrderType.LIMIT, D(1), D(2000), "gk-1", 0)


class Venue:
    """A pool, and the connection that it lends: answers each order at once."""

    def __init__(self, *replies: Reply) -> None:
        self._replies = iter(replies)

    def acquire(self, account_id: int, exchange: str, credentials: object) -> Lease:
        return Lease(self, lambda: None)  # type: ignore[arg-type]

    def place(self, order: NewOrder, on_reply: OnReply) -> None:
        on_reply(next(self._replies))


def word(status: OrderStatus = OrderStatus.PLACED) -> StreamEvent:
    return StreamEvent(OrderNews("ETHUSDT", "gk-1", "7", Side.BUY, D(2000), D(1), D(0), status, 0), None, 0)


def sender_that_heard(monkeypatch: pytest.MonkeyPatch, *replies: Reply) -> Sender:
    def nothing(_: Iterable[int]) -> None: ...

    sender = Sender(Venue(*replies), Together(), nothing)  # type: ignore[arg-type]
    credentials = Credentials("key", "secret", "HMAC")  # type: ignore[arg-type]
    monkeypatch.setattr(sender, "_credentials_of", lambda account_id: credentials)
    monkeypatch.setattr(sending, "_is_late", lambda attempt: False)
    sender.place([Attempt(1, 1, "paper", ORDER) for _ in replies])
    return sender


def test_that_an_order_rests_is_no_news_once_the_venue_has_answered_so(monkeypatch: pytest.MonkeyPatch) -> None:
    sender = sender_that_heard(monkeypatch, Reply(Outcome.ACCEPTED, news=word().news))
    assert not sender.is_news(word())
    assert sender.is_news(word()), "said a second time it is booked: nothing is lost by that"


def test_whatever_ends_an_order_is_news(monkeypatch: pytest.MonkeyPatch) -> None:
    sender = sender_that_heard(monkeypatch, Reply(Outcome.ACCEPTED, news=word().news))
    assert sender.is_news(word(OrderStatus.EXPIRED))


def test_an_order_whose_answer_was_lost_is_news(monkeypatch: pytest.MonkeyPatch) -> None:
    sender = sender_that_heard(monkeypatch, Reply(Outcome.UNKNOWN, message="no reply"))
    assert sender.is_news(word())


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "MOST_REMEMBERED", 2)
    names = ["gk-1", "gk-2", "gk-3"]
    told = [OrderNews("ETHUSDT", name, "7", Side.BUY, D(2000), D(1), D(0), OrderStatus.PLACED, 0) for name in names]
    sender = sender_that_heard(monkeypatch, *(Reply(Outcome.ACCEPTED, news=news) for news in told))
    assert [sender.is_news(StreamEvent(news, None, 0)) for news in told] == [True, True, False]
