"""The surface under /paper/v1: opening accounts, and, where it is open, moving markets and injecting faults."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson
from aiohttp import web

from core.paper.engine import funding, moves, rules
from core.paper.engine.exchange import Exchange
from core.paper.engine.numbers import plain
from core.paper.engine.orders import OPEN_STATUSES
from core.paper.engine.refusals import VenueError, refusal
from core.paper.server import auth
from core.paper.server.desk import refused, unknown_path
from core.paper.server.restart import DEFAULT_PRICE
from core.paper.server.venue import Venue

Json = dict[str, Any]
PREFIX = "/paper/v1"


async def answer_admin(venue: Venue, request: web.Request) -> web.Response:
    status, body = 200, None
    try:
        handler, argument = _find(venue, request)
        body = await handler(Ask(venue, argument, await _body(request), dict(request.query)))
    except VenueError as error:
        answer = refused(error)
        status, body = answer.status, answer.body
    finally:
        venue.commit()
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")


class Ask:
    """One admin call: the symbol in its path, its JSON body, its query."""

    def __init__(self, venue: Venue, symbol: str, body: Json, query: dict[str, str]) -> None:
        self.venue = venue
        self.symbol = symbol
        self.body = body
        self.query = query

    @property
    def exchange(self) -> Exchange:
        return self.venue.exchange

    def decimal(self, name: str) -> Decimal:
        return _decimal(name, self.body.get(name))


Handler = Callable[[Ask], Awaitable[Any]]


def _find(venue: Venue, request: web.Request) -> tuple[Handler, str]:
    """The handler of a path; all but the opening of accounts are there only where the surface is open."""
    name, _, rest = request.path.removeprefix(PREFIX).strip("/").partition("/")
    symbol, _, action = rest.partition("/")
    handler = _HANDLERS.get((request.method, f"{name}/{action}" if action else name, bool(symbol)))
    if handler is None or not (venue.admin or handler is open_account):
        raise unknown_path(request.method, request.path)
    return handler, symbol


async def _body(request: web.Request) -> Json:
    text = await request.read()
    try:
        found = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise refusal(-1135)
    return found


def _decimal(name: str, value: Any) -> Decimal:
    """From a string or a JSON number; 15 digits of a float are exact."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise refusal(-1102, name=name) from None
    if isinstance(value, bool) or not number.is_finite():
        raise refusal(-1102, name=name)
    return number


async def open_account(ask: Ask) -> Json:
    balance, public_key = ask.decimal("balance"), str(ask.body.get("publicKey") or "")
    if balance < 0:
        raise refusal(-1130, name="balance")
    if public_key:
        try:
            auth.ed25519_key(public_key)
        except ValueError:
            raise refusal(-1130, name="publicKey") from None
    api_key, secret = secrets.token_hex(32), "" if public_key else secrets.token_hex(32)
    ask.exchange.open_account(api_key, secret, public_key, balance)
    return {"apiKey": api_key, "secretKey": secret}


async def list_symbols(ask: Ask) -> list[Any]:
    return [market.listing for market in ask.exchange.markets.values()]


async def add_symbol(ask: Ask) -> Any:
    """An exchangeInfo symbol object; a `price` beside its fields is where it starts."""
    listing = {name: value for name, value in ask.body.items() if name != "price"}
    price = ask.decimal("price") if "price" in ask.body else DEFAULT_PRICE
    try:
        parsed = rules.parse(listing)
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise VenueError(-1130, f"not an exchangeInfo symbol object: {error!r}") from None
    ask.venue.store.write_listing(parsed.symbol, listing)
    return ask.exchange.list_symbol(parsed, price).listing


async def move_market(ask: Ask) -> Json:
    ask.exchange.market(ask.symbol)
    if "path" not in ask.body:
        return _moved(ask, ask.decimal("price"))
    prices = ask.body["path"]
    if not isinstance(prices, list) or not prices:
        raise refusal(-1130, name="path")
    pause_s = float(ask.body.get("interval_ms", 0)) / 1000
    walked = [_decimal("path", price) for price in prices]
    for price in walked[:-1]:
        _moved(ask, price)
        await asyncio.sleep(pause_s)
    return _moved(ask, walked[-1])


def _moved(ask: Ask, price: Decimal) -> Json:
    """One price: matched, kept, and on every open stream when this returns."""
    if price <= 0:
        raise refusal(-4001)
    market = moves.move(ask.exchange, ask.symbol, price)
    ask.venue.commit()
    ask.venue.hub.publish_move(market, at_once=True)
    return {"symbol": ask.symbol, "price": plain(market.price), "time": market.moved}


async def halt_market(ask: Ask) -> Json:
    halted = ask.body.get("halted")
    if not isinstance(halted, bool):
        raise refusal(-1102, name="halted")
    market = moves.halt(ask.exchange, ask.symbol, halted)
    return {"symbol": ask.symbol, "status": market.status}


async def pay_funding(ask: Ask) -> Json:
    rate = ask.decimal("rate")
    market = funding.pay(ask.exchange, ask.symbol, rate)
    return {"symbol": ask.symbol, "rate": plain(rate), "markPrice": plain(market.price), "time": ask.exchange.now()}


async def inject_fault(ask: Ask) -> Json:
    fault = ask.venue.faults.add(ask.body)
    if fault.kind == "drop_connections":
        ask.venue.cut_connections(fault.parameters["match"])
    elif fault.kind == "expire_listen_key":
        ask.venue.hub.expire_all_keys()
    return {"kind": fault.kind, **fault.parameters}


async def list_faults(ask: Ask) -> list[Json]:
    return ask.venue.faults.describe()


async def clear_faults(ask: Ask) -> Json:
    ask.venue.show_everything()
    return {}


async def every_order(ask: Ask) -> list[Any]:
    """Every order that ever was, of every account, whatever the faults hide. `state` is a status, or OPEN."""
    symbol, state = ask.query.get("symbol", ""), ask.query.get("state", "").upper()
    states = OPEN_STATUSES if state == "OPEN" else (state,)
    keys = {account.id: account.api_key.encode() for account in ask.exchange.accounts.values()}
    rows = ask.venue.store.rows("SELECT account, symbol, status, doc FROM orders ORDER BY id")
    return [
        orjson.Fragment(doc[:-1] + b',"account":"' + keys[account_id] + b'"}')
        for account_id, of, status, doc in rows
        if symbol in ("", of) and (not state or status in states)
    ]


async def every_request(ask: Ask) -> Json:
    """How often what was asked since the start, and how often a limit was crossed."""
    asked = ask.venue.asked.items()
    return {
        "asked": [{"address": address, "what": what, "count": count} for (address, what), count in asked],
        "overLimit": ask.venue.limits.crossed,
    }


# (method, path without its symbol, whether there is one)
_HANDLERS: dict[tuple[str, str, bool], Handler] = {
    ("POST", "accounts", False): open_account,
    ("GET", "symbols", False): list_symbols,
    ("POST", "symbols", False): add_symbol,
    ("POST", "market", True): move_market,
    ("POST", "market/halt", True): halt_market,
    ("POST", "funding", True): pay_funding,
    ("POST", "faults", False): inject_fault,
    ("GET", "faults", False): list_faults,
    ("DELETE", "faults", False): clear_faults,
    ("GET", "orders", False): every_order,
    ("GET", "requests", False): every_request,
}
