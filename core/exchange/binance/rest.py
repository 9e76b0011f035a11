"""One venue host over HTTP: no retries, and "not connected" told from "no answer"."""

import logging
import os
import re
import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx

from core import clock
from core.errors import VenueRefused, VenueUnavailable
from core.exchange.binance import numbers, outcomes
from core.exchange.binance.rules import weight_limit
from core.exchange.binance.weights import Share, Weights, weight_of

CONNECT_TIMEOUT = 2.0  # seconds
READ_TIMEOUT = 5.0

# These two would log whole URLs (with signatures) and headers (with keys).
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

_NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_USED_WEIGHT = "used-weight-1m"
_USAGE_HEADER = re.compile(r"^x-mbx-(used-weight|order-count)-\d+[smhd]$")


@cache
def tls() -> ssl.SSLContext:
    """The certificates that all hosts share. Reading them takes megabytes: a process that forks does it before."""
    return httpx.create_ssl_context()


class _Host:
    """What all clients of a host share in this process: its connections, its counters, and its wish for quiet."""

    def __init__(self, base_url: str) -> None:
        local = urlsplit(base_url).hostname in ("127.0.0.1", "localhost", "::1")
        self.base_url = base_url
        self.http = httpx.Client(
            verify=tls(), trust_env=not local
        )  # a proxy in the environment can't reach this machine
        self.usage: dict[str, int] = {}
        self.quiet_until = 0.0
        self.weights = Weights(base_url, self._read_weight_limit)

    def _read_weight_limit(self) -> int | None:
        """From exchangeInfo, by the way: whoever asks for that itself tells the limit too."""
        try:
            answer = self.http.get(f"{self.base_url}/fapi/v1/exchangeInfo", timeout=READ_TIMEOUT).raise_for_status()
            return weight_limit(numbers.loads(answer.content))
        except (httpx.HTTPError, OSError, LookupError, TypeError, ValueError, AttributeError):
            return None

    def note(self, answer: httpx.Response) -> None:
        counters = {k.removeprefix("x-mbx-"): int(v) for k, v in answer.headers.items() if _counts(k, v)}
        self.usage.update(counters)
        if _USED_WEIGHT in counters:
            self.weights.correct(counters[_USED_WEIGHT])
        if answer.status_code in (418, 429):
            # Going on while limited turns a pause into a ban, and a ban into a longer one.
            self.quiet_until = clock.monotonic() + _retry_after(answer)
            self.weights.pause(_retry_after(answer))


class RestClient:
    """Thread-safe and cheap to make: connections belong to the host. Timeouts in seconds."""

    def __init__(
        self,
        base_url: str,
        connect_timeout: float = CONNECT_TIMEOUT,
        read_timeout: float = READ_TIMEOUT,
        share: Share = Share.NEEDED,
    ) -> None:
        self._base_url = base_url
        self._share = share
        self._timeout = httpx.Timeout(
            connect=connect_timeout, read=read_timeout, write=read_timeout, pool=connect_timeout
        )

    @property
    def usage(self) -> Mapping[str, int]:
        """The venue's own counters as last told, by name, e.g. `used-weight-1m`, `order-count-10s`."""
        return dict(_host(self._base_url).usage)

    def told_limit(self, weight_a_minute: int) -> None:
        """exchangeInfo has told the address's limit."""
        _host(self._base_url).weights.set_limit(weight_a_minute)

    def request(self, method: str, path: str, query: str = "", api_key: str = "") -> Any:
        """The decoded answer. `query` is sent as it is. Raises VenueUnavailable and VenueRefused."""
        host = _host(self._base_url)
        if clock.monotonic() < host.quiet_until:
            raise VenueUnavailable("the venue asked for a pause", "rate_limited")
        host.weights.spend(weight_of(path, query), self._share)
        answer = self._exchange(host, method, f"{self._base_url}{path}{'?' if query else ''}{query}", api_key)
        host.note(answer)
        return _content(answer)

    def _exchange(self, host: _Host, method: str, url: str, api_key: str) -> httpx.Response:
        headers = {"X-MBX-APIKEY": api_key} if api_key else {}
        try:
            return host.http.request(method, url, headers=headers, timeout=self._timeout)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            # `from None` and no text of the error: both can hold the signed URL.
            reason = "not_connected" if isinstance(error, _NOT_CONNECTED) else "no_answer"
            raise VenueUnavailable(f"{reason.replace('_', ' ')}: {type(error).__name__}", reason) from None


@cache
def _host(base_url: str) -> _Host:
    return _Host(base_url)


os.register_at_fork(after_in_child=_host.cache_clear)  # a child must not share the parent's sockets


def _counts(name: str, value: str) -> bool:
    return bool(_USAGE_HEADER.match(name)) and value.isdecimal()


def _retry_after(answer: httpx.Response) -> float:
    seconds: str = answer.headers.get("retry-after", "")
    return float(seconds) if seconds.isdecimal() else 1.0


def _content(answer: httpx.Response) -> Any:
    try:
        content = numbers.loads(answer.content)
    except ValueError:
        raise VenueUnavailable(f"HTTP {answer.status_code} without JSON", "unusable_answer") from None
    if answer.is_success:
        return content
    raise refusal(answer.status_code, content)


def refusal(status: int, content: Any) -> VenueRefused | VenueUnavailable:
    """The error that an answer to a reader means: a definite no, or "ask again later"."""
    code, message = error_of(content)
    if status in (418, 429):
        return VenueUnavailable(f"HTTP {status}: {message}", "rate_limited")
    if code in outcomes.CLOCK_CODES:
        return VenueUnavailable(f"{code}: {message}", outcomes.CLOCK_REFUSED)
    if code is None or outcomes.is_transient(status, code):
        return VenueUnavailable(f"HTTP {status}, {code}: {message}")
    return VenueRefused(code, message)


def error_of(content: Any) -> tuple[int | None, str]:
    """(code, message) of an error object; (None, "") where it is none."""
    if not isinstance(content, dict):
        return None, ""
    code = content.get("code")
    return code if isinstance(code, int) else None, str(content.get("msg", ""))[:200]
