"""REST: from an HTTP request to an answer with the venue's headers."""

import asyncio
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from core.paper.server import auth
from core.paper.server.desk import Answer, Request, refused, serve, unknown_path
from core.paper.server.endpoints import REST
from core.paper.server.params import Params
from core.paper.server.venue import Venue

_NO_REPLY_S = 60.0  # how long a request that gets no answer is held before its connection is cut


async def answer_rest(venue: Venue, request: web.Request) -> web.Response:
    endpoint = REST.get((request.method, request.path))
    if endpoint is None:
        return _response(refused(unknown_path(request.method, request.path)))
    asked = await _parsed(request)
    answer = serve(venue, endpoint, asked)
    latency = venue.faults.strike("latency")
    if latency:
        await asyncio.sleep(latency.parameters["ms"] / 1000)
    if answer is None:
        await hang_up(request)
        return web.Response()
    response = _response(answer)
    response.headers["X-MBX-USED-WEIGHT-1M"] = str(venue.limits.used_weight(asked.address, venue.now()))
    if endpoint.orders and answer.caller:
        ten_seconds, minute = venue.limits.orders(answer.caller.id, venue.now())
        response.headers["X-MBX-ORDER-COUNT-10S"] = str(ten_seconds)
        response.headers["X-MBX-ORDER-COUNT-1M"] = str(minute)
    return response


async def hang_up(request: web.Request) -> None:
    """Leaves the caller without an answer, until he goes or time is up."""
    await asyncio.sleep(_NO_REPLY_S)
    if request.transport is not None:
        request.transport.abort()


async def _parsed(request: web.Request) -> Request:
    query = request.raw_path.partition("?")[2]
    body = await request.text()
    values = dict(parse_qsl(query, keep_blank_values=True) + parse_qsl(body, keep_blank_values=True))
    return Request(
        params=Params(values),
        address=request.remote or "",
        api_key=request.headers.get("X-MBX-APIKEY", ""),
        payloads=(auth.rest_payload(query, body),),
    )


def _response(answer: Answer) -> web.Response:
    return web.Response(
        body=orjson.dumps(answer.body),
        status=answer.status,
        headers=answer.headers,
        content_type="application/json",
    )
