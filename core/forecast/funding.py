"""The funding that forecasts take for granted: what the venue has paid lately on the symbol, again and again."""

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from itertools import pairwise
from statistics import fmean, median

import orjson

from core import bus
from core.deadline import Deadline
from core.errors import NotFound, VenueRefused, VenueUnavailable
from core.exchange import public_api
from core.exchange.base import FundingRate
from core.forecast.questions import Funding
from core.markets import market_of

KEPT_S = 1800
_USUAL_HOURS = 8
_HOUR_MS = 3_600_000


def funding_of(exchange: str, symbol: str) -> Funding | None:
    """The mean of the newest payments, at the interval between them; where there has been none, the rate of the next
    one. None where nothing is known."""
    key = f"funding:{exchange}:{symbol}"
    kept = bus.kept_answer(key)
    if kept is not None:
        told = orjson.loads(kept)
        return Funding(Decimal(told["rate"]), told["hours"], told["payments"])
    try:
        rates = Deadline().read(lambda: public_api(exchange).funding_rates(symbol))
        found = _usual(rates) if len(rates) > 1 else Funding(market_of(exchange, symbol).funding_rate, _USUAL_HOURS, 0)
    except (VenueUnavailable, VenueRefused, NotFound):
        return None
    bus.keep_answer(key, orjson.dumps(asdict(found), default=str), KEPT_S)
    return found


def _usual(rates: Sequence[FundingRate]) -> Funding:
    apart = median(later.at - earlier.at for earlier, later in pairwise(rates))
    mean = fmean(float(one.rate) for one in rates)
    return Funding(Decimal(f"{mean:.8f}"), max(1, round(apart / _HOUR_MS)), len(rates))
