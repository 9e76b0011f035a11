"""Orders over the venue's WebSocket API. What is known of an attempt that failed is exactly what `Reply` says."""

import os
import threading
from functools import partial
from typing import Protocol

import structlog

from core import clock
from core.errors import GridkeeperError
from core.exchange.base import NewOrder, OnReply, Outcome, Reply
from core.exchange.binance import outcomes
from core.exchange.binance.link import Link, NotConnected, NotSent
from core.exchange.binance.logon import LogonRefused, log_on
from core.exchange.binance.questions import Question, cancellation, conditional_cancellation, placement, reply_of
from core.exchange.binance.session import Answer, NoAnswer, Session
from core.exchange.binance.signing import Params, signed_params
from core.exchange.credentials import Credentials

log = structlog.get_logger()

MAX_AGE = 23 * 3600 + 50 * 60  # seconds; the venue cuts at 24 h
CONNECT_PAUSE = 0.5  # seconds after a failed attempt, so that a burst of orders does not queue behind timeouts
KEY_PAUSE = 10.0  # seconds after the venue refused the key itself


class VenueTime(Protocol):
    """The venue's clock as this process knows it."""

    def now_ms(self) -> int: ...

    def refresh_soon(self) -> None: ...


class BinanceTradingConnection:
    """Implements `base.TradingConnection`. Connects at the first request and again when needed."""

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        time: VenueTime,
        recv_window: int,
    ) -> None:
        self._url = url
        self._credentials = credentials
        self._time = time
        self._recv_window = recv_window
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._closed = False
        self._pause_until = 0.0
        self._pause_reply = Reply(Outcome.NOT_SENT)

    def place(self, order: NewOrder, on_reply: OnReply) -> None:
        self._send(placement(order), order.timestamp, on_reply)

    def cancel(self, symbol: str, client_order_id: str, on_reply: OnReply) -> None:
        self._send_now(cancellation(symbol, client_order_id), on_reply)

    def cancel_conditional(self, client_order_id: str, on_reply: OnReply) -> None:
        self._send_now(conditional_cancellation(client_order_id), on_reply)

    def close(self) -> None:
        """Takes no more requests; those on their way are still answered."""
        if self._pid != os.getpid():
            return
        with self._lock:
            self._closed = True
            session, self._session = self._session, None
        if session is not None:
            session.retire()

    def _send_now(self, question: Question, on_reply: OnReply) -> None:
        try:
            timestamp = self._time.now_ms()
        except GridkeeperError as error:
            on_reply(Reply(Outcome.NOT_SENT, message=str(error)))
            return
        self._send(question, timestamp, on_reply)

    def _send(self, question: Question, timestamp: int, on_reply: OnReply) -> None:
        try:
            stamped = {**question.params, "timestamp": timestamp, "recvWindow": self._recv_window}
            report = partial(self._report, question, on_reply)
            self._open_session().ask(question.method, self._authorised(stamped), report)
        except _NoSession as none:
            on_reply(none.reply)
        except NotSent as error:
            on_reply(Reply(Outcome.NOT_SENT, message=f"not sent: {error}"))
        except GridkeeperError as error:  # the key could not be opened: nothing was signed
            on_reply(Reply(Outcome.NOT_SENT, message=str(error)))

    def _authorised(self, params: Params) -> dict[str, str | int]:
        """A session that is logged on needs no more than the timestamp; HMAC keys sign each request."""
        if self._credentials.key_type == "ED25519":
            return dict(params)
        return signed_params(self._credentials, params)

    def _report(self, question: Question, on_reply: OnReply, answer: Answer | NoAnswer) -> None:
        reply = reply_of(question, answer)
        if reply.code in outcomes.CLOCK_CODES:
            self._time.refresh_soon()
        on_reply(reply)

    def _open_session(self) -> Session:
        if self._pid != os.getpid():
            raise _NoSession("the connection belongs to the parent process")
        with self._lock:
            session = self._session
            if session is not None and session.is_open and clock.monotonic() - session.opened_at < MAX_AGE:
                return session
            return self._renew(session)

    def _renew(self, old: Session | None) -> Session:
        """A new session in place of one that ended or grew old; an old one serves on until the new one stands."""
        try:
            self._session = self._connect(old)
        except _NoSession:
            if old is not None and old.is_open:
                return old
            raise
        if old is not None:
            old.retire()
        return self._session

    def _connect(self, old: Session | None) -> Session:
        if self._closed:
            raise _NoSession("the connection is closed")
        if old is not None and old.refused is not None:
            refused, old.refused = old.refused, None
            self._pause_for(refused)
        if clock.monotonic() < self._pause_until:
            raise _NoSession(self._pause_reply.message, self._pause_reply)
        try:
            return self._logged_on(Link(self._url))
        except LogonRefused as error:
            self._pause_for(error.answer)
        except NotConnected as error:
            seconds = max(CONNECT_PAUSE, error.retry_after)
            self._pause(seconds, Reply(Outcome.NOT_SENT, message=f"not connected: {error}"))
        except GridkeeperError as error:
            self._pause(CONNECT_PAUSE, Reply(Outcome.NOT_SENT, message=f"not connected: {error}"))
        raise _NoSession(self._pause_reply.message, self._pause_reply)

    def _logged_on(self, link: Link) -> Session:
        if self._credentials.key_type == "ED25519":
            try:
                log_on(link, self._credentials, self._time.now_ms(), self._recv_window)
            except GridkeeperError:  # no venue time, or the key could not be opened
                link.close()
                raise
        return Session(link, self._url)

    def _pause_for(self, refused: Answer) -> None:
        """The venue refused the key or its signature, not an order: nothing was sent."""
        if refused.code in outcomes.CLOCK_CODES:
            self._time.refresh_soon()
        is_final = outcomes.outcome_of(refused.status, refused.code, refused.message) is Outcome.REFUSED
        reply = Reply(Outcome.NOT_SENT, code=refused.code, message=f"the key was refused: {refused.message}")
        self._pause(KEY_PAUSE if is_final else CONNECT_PAUSE, reply)

    def _pause(self, seconds: float, reply: Reply) -> None:
        self._pause_until = clock.monotonic() + seconds
        self._pause_reply = reply
        log.warning("no trading connection", url=self._url, reason=reply.message)


class _NoSession(Exception):
    """Nothing was sent, because there is no session; `reply` says why."""

    def __init__(self, text: str, reply: Reply | None = None) -> None:
        super().__init__(text)
        self.reply = reply or Reply(Outcome.NOT_SENT, message=text)
