"""session.logon: an Ed25519 key signs once for a whole connection (the venue refuses other kinds of keys here)."""

import json

from core import clock
from core.exchange.binance.link import Link, LinkLost, NotConnected, NotSent
from core.exchange.binance.numbers import loads
from core.exchange.binance.session import Answer, answer_of
from core.exchange.binance.signing import signed_params
from core.exchange.credentials import Credentials

TIMEOUT = 3.0  # seconds


class LogonRefused(Exception):
    """The venue said no; `answer` has its code."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.code}: {answer.message}")
        self.answer = answer


def log_on(link: Link, credentials: Credentials, timestamp: int, recv_window: int) -> None:
    """Before anything else on the link; closes it on failure. Raises LogonRefused and NotConnected."""
    params = signed_params(credentials, {"timestamp": timestamp, "recvWindow": recv_window})
    try:
        link.send(json.dumps({"id": 0, "method": "session.logon", "params": params}))
        answer = _first_answer(link)
    except (NotSent, LinkLost, ValueError, TypeError, AttributeError) as error:
        link.close()
        raise NotConnected(f"lost during logon: {type(error).__name__}") from None
    if answer.status != 200:
        link.close()
        raise LogonRefused(answer)


def _first_answer(link: Link) -> Answer:
    deadline = clock.monotonic() + TIMEOUT
    while (remaining := deadline - clock.monotonic()) > 0:
        for message in link.receive(remaining):
            return answer_of(loads(message))
    raise LinkLost("no answer to the logon")
