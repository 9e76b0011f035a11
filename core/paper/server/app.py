"""The server: one address for REST, ws-fapi, the streams and the admin surface, and the clockwork behind them."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from aiohttp import web

from core import clock
from core.paper.engine import funding, moves
from core.paper.engine.market import next_funding_after
from core.paper.engine.refusals import VenueError
from core.paper.feeds import Feed
from core.paper.server.admin import PREFIX, answer_admin
from core.paper.server.desk import refused, unknown_path
from core.paper.server.rest import answer_rest
from core.paper.server.streams import PATH, answer_stream
from core.paper.server.venue import Venue
from core.paper.server.ws_api import answer_ws_api

_WS_API = "/ws-fapi/v1"


def make_app(venue: Venue) -> web.Application:
    app = web.Application(client_max_size=1024 * 1024)

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await _route(venue, request)
        except VenueError as error:
            said = refused(error)
            return web.Response(
                body=orjson.dumps(said.body),
                status=said.status,
                headers=said.headers,
                content_type="application/json",
            )

    app.router.add_route("*", "/{path:.*}", answer)
    return app


async def _route(venue: Venue, request: web.Request) -> web.StreamResponse:
    if request.path.startswith(PREFIX):
        return await answer_admin(venue, request)
    if request.path.rstrip("/") == _WS_API:
        _let_in(venue, request, "trade")
        return await answer_ws_api(venue, request)
    stream = PATH.match(request.path)
    if stream:
        _let_in(venue, request, "user" if _is_user_stream(venue, request) else "market")
        return await answer_stream(venue, request, stream)
    if request.path.startswith("/fapi/"):
        return await answer_rest(venue, request)
    raise unknown_path(request.method, request.path)


def _is_user_stream(venue: Venue, request: web.Request) -> bool:
    if request.path.startswith("/private") or "listenKey" in request.query:
        return True
    return any(venue.hub.is_listen_key(name) for name in request.path.split("/"))


def _let_in(venue: Venue, request: web.Request, kind: str) -> None:
    """Cuts a connection that the fault `refuse_connections` does not want."""
    if venue.faults.strike("refuse_connections", kind):
        if request.transport is not None:
            request.transport.abort()
        raise VenueError(-1016, "This service is no longer available.", 503)


# --- clockwork


async def run_clockwork(venue: Venue, feed: Feed | None, steps_done: int, note: str, *, funds: bool) -> None:
    """The feed and the ticking second, until cancelled. One that dies takes the server with it."""
    jobs: list[Callable[[], Coroutine[Any, Any, None]]] = [lambda: _tick(venue, funds=funds)]
    if feed is not None:
        jobs.append(lambda: _follow(venue, feed, steps_done, note))
    await asyncio.gather(*(job() for job in jobs))


async def _tick(venue: Venue, *, funds: bool) -> None:
    while True:
        await asyncio.sleep(1 - clock.now_ms() % 1000 / 1000)
        each_second(venue, funds=funds)


def each_second(venue: Venue, *, funds: bool) -> None:
    """Closes candles, pays funding that is due where the venue `funds` by the clock, ends old listen keys, and speaks
    on the streams that speak by the second."""
    for market in venue.exchange.markets.values():
        venue.exchange.candle(market)
        if venue.now() < market.next_funding:
            continue
        if funds and market.status == "TRADING":
            funding.pay(venue.exchange, market.symbol, market.funding_rate)
        market.next_funding = next_funding_after(venue.now())
    venue.hub.expire_old_keys()
    venue.commit()
    venue.hub.tick()


async def _follow(venue: Venue, feed: Feed, steps_done: int, note: str) -> None:
    """Walks a feed; the first `steps_done` of it were walked before a restart."""
    due = clock.monotonic()
    for number, step in enumerate(feed.steps(), start=1):
        if number <= steps_done:
            continue
        due = max(due + step.delay_s, clock.monotonic() - 1)
        await asyncio.sleep(max(0.0, due - clock.monotonic()))
        if step.price is not None:
            market = moves.move(venue.exchange, step.symbol, step.price)
        elif step.funding_rate is not None:
            market = funding.pay(venue.exchange, step.symbol, step.funding_rate)
        if note:
            venue.store.write_note(note, str(number))
        venue.commit()
        venue.hub.publish_move(market, at_once=False)
