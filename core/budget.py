"""What a venue's rate limits leave us: counters in Redis that all processes share, in the venue's own windows of the
clock, and gates that stay closed while the venue does not take anything.

Taking never waits. Where Redis is away, a process spends a fixed share of its own, and there are no gates.
"""

import threading
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from redis.exceptions import RedisError

from core.bus import ask, redis
from core.clock import now_ms

SHARE_WITHOUT_REDIS = 0.25
PROBE_EVERY_MS = 1000

# KEYS: the windows' counters, then two keys a gate: closed, probing.
# ARGV: wanted, whole or not at all (1 or 0), how many windows, their caps, their lengths in ms, ms between probes.
_TAKE = """
local wanted, whole, windows = tonumber(ARGV[1]), ARGV[2] == '1', tonumber(ARGV[3])
for i = windows + 1, #KEYS, 2 do
  if redis.call('EXISTS', KEYS[i]) == 1 then return 0 end
  if redis.call('EXISTS', KEYS[i + 1]) == 1 then
    wanted = 1
    redis.call('SET', KEYS[i], 1, 'PX', ARGV[#ARGV])
  end
end
local granted = wanted
for i = 1, windows do
  local left = tonumber(ARGV[3 + i]) - tonumber(redis.call('GET', KEYS[i]) or '0')
  if left < granted then granted = left end
end
if granted <= 0 or (whole and granted < wanted) then return 0 end
for i = 1, windows do
  redis.call('INCRBY', KEYS[i], granted)
  redis.call('PEXPIRE', KEYS[i], tonumber(ARGV[3 + windows + i]) * 2)
end
return granted
"""
_AT_LEAST = """
if tonumber(ARGV[1]) > tonumber(redis.call('GET', KEYS[1]) or '0') then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', tonumber(ARGV[2]) * 2)
end
"""


@dataclass(frozen=True, slots=True)
class Window:
    """At most `cap` in each `length_ms` of the clock; `name` says what is counted, and whose."""

    name: str
    length_ms: int
    cap: int

    def key(self, moment: int) -> str:
        return f"budget:{self.name}:{self.length_ms}:{moment // self.length_ms}"


def take(windows: Sequence[Window], wanted: int, *, whole: bool = False, gates: Sequence[str] = ()) -> int:
    """How many of `wanted` may be spent now, 0 .. wanted; with `whole` all of them or none.

    A gate that is closed leaves none; one that was closed lately lets a single one through from time to time.
    """
    if wanted <= 0:
        return 0
    moment = now_ms()
    keys = [window.key(moment) for window in windows]
    keys += [key for gate in gates for key in (f"closed:{gate}", f"probing:{gate}")]
    numbers = [*(window.cap for window in windows), *(window.length_ms for window in windows), PROBE_EVERY_MS]
    granted = ask(lambda: int(redis().eval(_TAKE, len(keys), *keys, wanted, int(whole), len(windows), *numbers)))
    return _alone().take(windows, wanted, whole, moment) if granted is None else granted


def correct(window: Window, used: int) -> None:
    """The venue's own count of the window that is now: others may spend from it too."""
    ask(lambda: redis().eval(_AT_LEAST, 1, window.key(now_ms()), used, window.length_ms))


def close_gate(gate: str, pause_ms: int, probing_ms: int = 0) -> None:
    """For `pause_ms`; for `probing_ms` after that only probes go through."""
    with suppress(RedisError), redis().pipeline() as pipeline:
        pipeline.set(f"closed:{gate}", 1, px=pause_ms)
        if probing_ms:
            pipeline.set(f"probing:{gate}", 1, px=pause_ms + probing_ms)
        pipeline.execute()


def is_closed(gate: str) -> bool:
    return bool(ask(lambda: redis().exists(f"closed:{gate}")))


def open_gate(gate: str) -> None:
    with suppress(RedisError):
        redis().delete(f"closed:{gate}", f"probing:{gate}")


class _Alone:
    """What this process has spent without Redis."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent: dict[str, int] = defaultdict(int)

    def take(self, windows: Sequence[Window], wanted: int, whole: bool, moment: int) -> int:
        keys = [window.key(moment) for window in windows]
        with self._lock:
            left = [
                int(window.cap * SHARE_WITHOUT_REDIS) - self._spent[key]
                for window, key in zip(windows, keys, strict=True)
            ]
            granted = max(0, min(wanted, *left))
            if whole and granted < wanted:
                return 0
            self._forget_others(windows, keys)
            for key in keys:
                self._spent[key] += granted
            return granted

    def _forget_others(self, windows: Sequence[Window], keys: Sequence[str]) -> None:
        """The same windows at earlier times."""
        names = tuple(f"budget:{window.name}:{window.length_ms}:" for window in windows)
        for stale in [key for key in self._spent if key.startswith(names) and key not in keys]:
            del self._spent[stale]


@cache
def _alone() -> _Alone:
    return _Alone()
