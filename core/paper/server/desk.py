"""Serving one request, whichever socket it came through: faults, limits, who asks, the answer, and the commit."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from core.paper.engine.accounts import Account
from core.paper.engine.refusals import VenueError, refusal
from core.paper.server import auth, render
from core.paper.server.call import Call, Endpoint, Security
from core.paper.server.limits import Overrun
from core.paper.server.params import Params
from core.paper.server.venue import Venue

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """`payloads` are the texts that its signature may fit; `session` is who is logged on to its connection."""

    params: Params
    address: str
    api_key: str
    payloads: Iterable[str]
    session: Account | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    caller: Account | None = None


def serve(venue: Venue, endpoint: Endpoint, request: Request) -> Answer | None:
    """None where a fault swallows the answer. What the request changed is kept and told when this returns."""
    try:
        return _serve(venue, endpoint, request)
    except VenueError as error:
        return refused(error)
    except Exception:
        log.exception("request failed")
        return Answer(500, {"code": -1000, "msg": "An unknown error occurred while processing the request."})
    finally:
        venue.commit()


def refused(error: VenueError) -> Answer:
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, Overrun) else {}
    return Answer(error.status, render.error(error), headers)


def _serve(venue: Venue, endpoint: Endpoint, request: Request) -> Answer | None:
    venue.asked[request.address, endpoint.handler.__name__] += 1
    injected = _injected_error(venue)
    venue.limits.spend_weight(request.address, endpoint.weight_of(request.params), venue.now())
    caller = _caller(venue, endpoint, request)
    if endpoint.orders and caller:
        venue.limits.spend_orders(caller.id, endpoint.orders, venue.now())
    swallowed = venue.faults.strike("no_reply") if endpoint.trades else None
    if swallowed and not swallowed.parameters["accepted"]:
        return None
    body = endpoint.handler(Call(venue, request.params, caller))
    if swallowed:
        return None
    return injected or Answer(200, body, caller=caller)


def _injected_error(venue: Venue) -> Answer | None:
    """Raises where a fault refuses the request; the answer to give instead where it is executed all the same."""
    limited = venue.faults.strike("rate_limit")
    if limited:
        raise Overrun(VenueError(-1003, "Too many requests.", limited.parameters["status"]), 1)
    fault = venue.faults.strike("error")
    if fault is None:
        return None
    error = VenueError(fault.parameters["code"], fault.parameters["msg"], fault.parameters["status"])
    if not fault.parameters["accepted"]:
        raise error
    return refused(error)


def _caller(venue: Venue, endpoint: Endpoint, request: Request) -> Account | None:
    if endpoint.security is Security.NONE:
        return None
    account = request.session
    if request.api_key or account is None:
        account = auth.account_of(venue.exchange, request.api_key)
    if endpoint.security is Security.SIGNED:
        if account is request.session and not request.params.has("signature"):
            auth.check_time(request.params, venue.now())
        else:
            auth.check_signed(account, request.params, request.payloads, venue.now())
    return account


def limit_counts(venue: Venue, request: Request, endpoint: Endpoint, caller: Account | None) -> list[dict[str, Any]]:
    """ws-fapi's rateLimits."""
    now = venue.now()
    weight = {
        "rateLimitType": "REQUEST_WEIGHT",
        "interval": "MINUTE",
        "intervalNum": 1,
        "limit": venue.limits.weight_limit,
        "count": venue.limits.used_weight(request.address, now),
    }
    if not endpoint.orders or caller is None:
        return [weight]
    return [*venue.limits.order_counts(caller.id, now), weight]


def unknown_path(method: str, path: str) -> VenueError:
    return VenueError(-5000, f"Path {path}, Method {method} is invalid", 404)


def unknown_method(method: str) -> VenueError:
    return refusal(-1020) if method else refusal(-1102, name="method")
