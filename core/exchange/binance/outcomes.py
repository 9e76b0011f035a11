"""The one table of what a venue's answer means for a request that trades. What is not in it is UNKNOWN.

Codes from the venue's page of error codes. Only a code that says "not executed" beyond doubt is REFUSED or RETRY.
"""

from core.exchange.base import Outcome

_RETRY = (
    -1003,  # too many requests
    -1008,  # throttled by system-level protection
    -1015,  # too many orders in the window
    -1016,  # service shutting down
    -1021,  # timestamp outside recvWindow
    -1112,  # no orders on the book
    -2018,  # balance
    -2019,  # margin
    -2023,  # user in liquidation
    -2025,  # open order cap
    -2027,  # position cap at this leverage
    -4016,  # above the mark price's band
    -4024,  # below the mark price's band
    -4045,  # conditional order cap
    -4131,  # market order beyond the band
    -4400,  # reduce-only for a while
    -5028,  # timestamp outside the matching engine's recvWindow
)
_REFUSED = (
    *(-1002, -1011, -1013, -1014, -1020),  # right, route, filter, combination, operation
    *(-1022, -2014, -2015, -2017),  # signature, key, address or right, key locked
    *(-1100, -1101, -1102, -1103, -1104, -1105, -1106, -1108, -1109, -1110, -1111),  # parameters
    *(-1114, -1115, -1116, -1117, -1118, -1119, -1121, -1122, -1128, -1130, -1136),
    *(-2010, -2021, -2022, -2024, -2026, -2028),  # order, trigger, reduce-only, position, leverage
    *(-4001, -4002, -4003, -4004, -4005, -4013, -4014, -4015, -4023),  # price, quantity, client order id
    *(-4060, -4061, -4062, -4087, -4088, -4109, -4118, -4120, -4140, -4141, -4142, -4164, -4192),
    *(-4401, -4402, -5021, -5022, -5037, -5038, -5039, -5040, -5041),
)
CODES: dict[int, Outcome] = {
    **dict.fromkeys(_RETRY, Outcome.RETRY),
    **dict.fromkeys(_REFUSED, Outcome.REFUSED),
    **dict.fromkeys((-2011, -2013), Outcome.NOT_FOUND),
    **dict.fromkeys((-1000, -1001, -1006, -1007), Outcome.UNKNOWN),
    -4116: Outcome.EXISTS,
}
# A 5xx proves nothing but for these: a code, and two of the four texts of 503.
_DEFINITE_5XX = (-1008, -4116)
_FAILED_503 = ("service unavailable", "internal error; unable to process your request")
_NOT_EXECUTED = (403, 418, 429)  # firewall, banned, over the limit: stopped before the order system
CLOCK_CODES = (-1021, -5028)
CLOCK_REFUSED = "clock_refused"  # the reason of a VenueUnavailable: our timestamp was outside the window
# Not the request's fault: a reader may ask again later.
_TRANSIENT = (-1000, -1001, -1003, -1006, -1007, -1008, -1015, -1016, *CLOCK_CODES)


def outcome_of(status: int, code: int | None, message: str) -> Outcome:
    """What an answer with this HTTP status (WebSocket answers carry one too) and error code means for a send."""
    if status == 408:
        return Outcome.UNKNOWN
    if status >= 500:
        return _outcome_of_5xx(status, code, message)
    if code == -2010 and "duplicate" in message.lower():
        return Outcome.EXISTS
    if code in CODES:
        return CODES[code]
    return Outcome.RETRY if status in _NOT_EXECUTED else Outcome.UNKNOWN


def _outcome_of_5xx(status: int, code: int | None, message: str) -> Outcome:
    if code in _DEFINITE_5XX:
        return CODES[code]
    if code in CODES:
        return Outcome.UNKNOWN
    text = message.lower().lstrip()
    return Outcome.RETRY if status == 503 and text.startswith(_FAILED_503) else Outcome.UNKNOWN


def is_transient(status: int, code: int | None) -> bool:
    """Whether an error says nothing of the request itself, so that a reader may ask again later."""
    return status >= 500 or status in (408, *_NOT_EXECUTED) or code is None or code in _TRANSIENT
