"""How hostile a run is: chances per occasion, drawn per seed so that every fault also comes alone and not at all."""

from dataclasses import dataclass, fields
from random import Random


@dataclass(slots=True)
class Faults:
    """Each is a chance between 0 and 1, per message, request, transaction or event."""

    message_dropped: float = 0.0
    message_doubled: float = 0.0
    message_delayed: float = 0.0
    broker_away: float = 0.0
    redis_away: float = 0.0
    database_away: float = 0.0
    commit_unanswered: float = 0.0
    killed: float = 0.0
    paused: float = 0.0
    not_sent: float = 0.0
    request_lost: float = 0.0
    request_slow: float = 0.0
    reply_lost: float = 0.0
    reply_slow: float = 0.0
    refused: float = 0.0
    rest_away: float = 0.0
    event_dropped: float = 0.0
    event_doubled: float = 0.0
    event_delayed: float = 0.0
    event_without_fee: float = 0.0
    late_query: float = 0.0
    venue_away: float = 0.0  # for a while, as those below; per moment
    database_away_for_long: float = 0.0
    market_halted: float = 0.0
    key_refused: float = 0.0
    mark_odd: float = 0.0


_WORST = Faults(
    message_dropped=0.2,
    message_doubled=0.2,
    message_delayed=0.2,
    broker_away=0.1,
    redis_away=0.1,
    database_away=0.03,
    commit_unanswered=0.03,
    killed=0.02,
    paused=0.03,
    not_sent=0.15,
    request_lost=0.25,
    request_slow=0.2,
    reply_lost=0.35,
    reply_slow=0.2,
    refused=0.3,
    rest_away=0.1,
    event_dropped=0.4,
    event_doubled=0.3,
    event_delayed=0.3,
    event_without_fee=0.1,
    late_query=0.4,
    venue_away=0.05,
    database_away_for_long=0.03,
    market_halted=0.03,
    key_refused=0.02,
    mark_odd=0.05,
)


def drawn(random: Random) -> Faults:
    """Some seeds are calm, most have a few kinds of faults, some have all of them."""
    share = random.choice((0.0, 0.2, 0.4, 0.6, 0.8, 1.0))
    strength = random.choice((0.2, 0.5, 0.8, 1.0))
    return Faults(
        **{field.name: getattr(_WORST, field.name) * strength for field in fields(Faults) if random.random() < share}
    )
