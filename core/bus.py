"""What passes between processes through Redis and may be lost at any moment: prices, life signs, notes of losses.

Nothing here is needed for safety. Every call returns within the socket timeout; where Redis is away, writes are
dropped and reads say "nothing known".
"""

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import orjson
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from core.clock import monotonic, now_ms
from core.config import settings
from core.errors import Unavailable

ASK_AGAIN_AFTER = 2.0  # seconds
QUEUES = ("orders", "control", "upkeep")
PARTS = ("worker", "listener", "market", "beat", *(f"queue {name}" for name in QUEUES))
_CHANGES = "changes"

T = TypeVar("T")


@cache
def redis() -> "Redis":
    """The process's client (thread-safe, connects lazily). Not to be used before a fork."""
    return Redis.from_url(
        settings().redis_url,
        socket_timeout=1.0,
        socket_connect_timeout=1.0,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=10,
        decode_responses=True,
    )


def ask(question: Callable[[], T]) -> T | None:
    """The answer; None where Redis is away, which is then left alone for a while: whoever has several questions must
    not wait out the timeout for each."""
    if monotonic() < _silence().until:
        return None
    try:
        return question()
    except RedisError:
        _silence().until = monotonic() + ASK_AGAIN_AFTER
        return None


@dataclass(slots=True)
class _Silence:
    """Until when nothing is asked, seconds, monotonic."""

    until: float = float("-inf")


@cache
def _silence() -> _Silence:
    return _Silence()


def ping() -> None:
    """Raises Unavailable where the broker does not answer."""
    try:
        redis().ping()
    except RedisError as error:
        raise Unavailable("broker_unavailable", f"Redis does not answer: {type(error).__name__}") from error


def show_life(part: str) -> None:
    """`part` is one of PARTS."""
    with contextlib.suppress(RedisError):
        redis().hset("life", part, now_ms())


def last_life_ms() -> dict[str, int]:
    """When each part last showed life, ms since 1970."""
    try:
        return {str(part): int(moment) for part, moment in redis().hgetall("life").items()}
    except RedisError:
        return {}


def is_behind(queue: str) -> bool:
    """Whether messages of the queue wait that no worker has taken yet."""
    return bool(ask(lambda: redis().llen(queue)))


def forget_later(key: str, seconds: int) -> None:
    with contextlib.suppress(RedisError):
        redis().expire(key, seconds)


def publish_marks(exchange: str, marks: dict[str, dict[str, Any]]) -> None:
    """`marks`: symbol -> plain values (decimals as strings, `at` in ms)."""
    if not marks:
        return
    with contextlib.suppress(RedisError):
        redis().hset(f"marks:{exchange}", mapping={symbol: orjson.dumps(mark) for symbol, mark in marks.items()})


def mark(exchange: str, symbol: str) -> dict[str, Any] | None:
    """The last published mark of a symbol, or None."""
    raw = ask(lambda: redis().hget(f"marks:{exchange}", symbol))
    return None if raw is None else dict(orjson.loads(raw))


def marks(exchange: str, symbols: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The last published marks of those symbols that have one."""
    raw = ask(lambda: redis().hmget(f"marks:{exchange}", list(symbols))) if symbols else None
    return {symbol: dict(orjson.loads(mark)) for symbol, mark in zip(symbols, raw or (), strict=False) if mark}


def show_stream(account_id: int, connected_at: int, event_at: int | None) -> None:
    """An account's listener tells when it connected and last heard anything, ms since 1970."""
    state = {"connected_at": connected_at, "event_at": event_at, "seen_at": now_ms()}
    with contextlib.suppress(RedisError):
        redis().hset("streams", str(account_id), orjson.dumps(state))


def stream_state(account_id: int) -> dict[str, Any] | None:
    """What the account's listener last told, or None."""
    raw = ask(lambda: redis().hget("streams", str(account_id)))
    return None if raw is None else dict(orjson.loads(raw))


def show_trading(account_ids: Iterable[int]) -> None:
    """The venue has just answered orders of these accounts."""
    accounts = [str(account_id) for account_id in account_ids]
    with contextlib.suppress(RedisError), redis().pipeline(transaction=False) as both:
        both.hset("trading", mapping=dict.fromkeys(accounts, now_ms()))
        both.publish(_CHANGES, " ".join(f"account:{account_id}" for account_id in accounts))
        both.execute()


def last_trading_ms(account_id: int) -> int | None:
    """When the venue last answered an order or cancel of the account, or None."""
    moment = ask(lambda: redis().hget("trading", str(account_id)))
    return None if moment is None else int(moment)


def publish_changes(changed: Iterable[str]) -> None:
    """A hint that something of these has been committed: `account:<id>`, `strategy:<id>`."""
    with contextlib.suppress(RedisError):
        redis().publish(_CHANGES, " ".join(changed))


class Changes:
    """Hears the hints from now on, for one thread. Hints are lost while Redis is away."""

    def __init__(self) -> None:
        self._heard = redis().pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]

    def wait(self, seconds: float) -> set[str]:
        """What was hinted at until now, or else the first hint within `seconds`. Raises Unavailable."""
        found: set[str] = set()
        try:
            if not self._heard.subscribed:
                self._heard.subscribe(_CHANGES)
            message = self._heard.get_message(timeout=seconds)
            while message is not None:
                found.update(str(message["data"]).split())
                message = self._heard.get_message(timeout=0.0)
        except RedisError as error:
            self.close()
            raise Unavailable("broker_unavailable", f"Redis does not answer: {type(error).__name__}") from error
        return found

    def close(self) -> None:
        with contextlib.suppress(RedisError):
            self._heard.close()


def keep_answer(key: str, answer: bytes, seconds: int) -> None:
    """For whoever asks the same within that time."""
    with contextlib.suppress(RedisError):
        redis().set(f"answer:{key}", answer, ex=seconds)


def kept_answer(key: str) -> str | None:
    kept = ask(lambda: redis().get(f"answer:{key}"))
    return None if kept is None else str(kept)


def publish_weight_limit(host: str, limit: int) -> None:
    """What a venue's address may spend a minute, as the venue told."""
    with contextlib.suppress(RedisError):
        redis().hset("weight_limits", host, limit)


def weight_limit(host: str) -> int | None:
    limit = ask(lambda: redis().hget("weight_limits", host))
    return None if limit is None else int(limit)


def note_missed(account_id: int) -> None:
    """Events of the account could not be booked: it is to be reconciled when that works again."""
    with contextlib.suppress(RedisError):
        redis().zadd("missed", {str(account_id): now_ms()})


@dataclass(frozen=True, slots=True)
class Losses:
    """What may have been lost until `noted_at` (ms): everything, where the server was restarted or emptied, and the
    events of some accounts. It stays noted until `acknowledge`."""

    server_id: str = ""
    forgotten: bool = False
    account_ids: tuple[int, ...] = ()
    noted_at: int = 0


def losses() -> Losses:
    try:
        server_id = str(redis().info("server")["run_id"])
        moment = now_ms()
        accounts = tuple(int(str(number)) for number in redis().zrangebyscore("missed", "-inf", moment))
        return Losses(server_id, redis().get("canary") != server_id, accounts, moment)
    except RedisError:
        return Losses()


def acknowledge(seen: Losses) -> None:
    """The accounts concerned are down for reconciliation, committed."""
    with contextlib.suppress(RedisError):
        if seen.forgotten:
            redis().set("canary", seen.server_id)
        if seen.account_ids:
            redis().zremrangebyscore("missed", "-inf", seen.noted_at)


def disconnect() -> None:
    """Closes the process's connections; the next use connects again. For processes about to fork."""
    redis().close()
