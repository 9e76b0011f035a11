"""Tokens of the venue's order limits, per account, shared by all processes through Redis.

Fixed windows as the venue counts them: 300 orders in 10 s and 1,200 in a minute. A part is kept back for closing
orders. Where Redis is away a process spends a fixed share of its own. Taking never waits.
"""

import threading
from collections import defaultdict

from redis.exceptions import RedisError

from core.bus import redis
from core.clock import now_ms

# (window in ms, orders in it)
LIMITS = ((10_000, 300), (60_000, 1200))
RESERVE = 0.1  # of each limit, for closing orders
SHARE_WITHOUT_REDIS = 0.25

_SCRIPT = """
local wanted = tonumber(ARGV[1])
for i, key in ipairs(KEYS) do
  local left = tonumber(ARGV[1 + i]) - tonumber(redis.call('GET', key) or '0')
  if left < wanted then wanted = left end
end
if wanted <= 0 then return 0 end
for i, key in ipairs(KEYS) do
  redis.call('INCRBY', key, wanted)
  redis.call('PEXPIRE', key, tonumber(ARGV[1 + #KEYS + i]) * 2)
end
return wanted
"""

_spent_alone: dict[tuple[int, int, int], int] = defaultdict(int)
_lock = threading.Lock()


def take(account_id: int, wanted: int, closing: bool = False) -> int:
    """How many of `wanted` orders the account may send now: 0 .. wanted."""
    if wanted <= 0:
        return 0
    moment = now_ms()
    caps = [int(limit * (1 if closing else 1 - RESERVE)) for _, limit in LIMITS]
    keys = [f"rate:{account_id}:{window}:{moment // window}" for window, _ in LIMITS]
    try:
        granted = redis().eval(_SCRIPT, len(keys), *keys, wanted, *caps, *(window for window, _ in LIMITS))
        return int(granted)
    except RedisError:
        return _take_alone(account_id, wanted, moment)


def _take_alone(account_id: int, wanted: int, moment: int) -> int:
    with _lock:
        slots = [(account_id, window, moment // window) for window, _ in LIMITS]
        left = [
            int(limit * SHARE_WITHOUT_REDIS) - _spent_alone[slot]
            for slot, (_, limit) in zip(slots, LIMITS, strict=True)
        ]
        granted = max(0, min(wanted, *left))
        for stale in [slot for slot in _spent_alone if slot[2] < moment // slot[1]]:
            del _spent_alone[stale]
        for slot in slots:
            _spent_alone[slot] += granted
        return granted
