"""What a price does when it moves."""

from decimal import Decimal

from core.paper.engine import conditional, liquidation
from core.paper.engine.candles import quantity_of_move
from core.paper.engine.exchange import Exchange
from core.paper.engine.fills import fill
from core.paper.engine.market import Market


def move(exchange: Exchange, symbol: str, price: Decimal) -> Market:
    """Moves a symbol's one price, then fills what it touches, triggers, and liquidates."""
    market = exchange.market(symbol)
    quantity = quantity_of_move(price, market.rules.lot.step)
    market.candle = exchange.candle(market).moved(price).traded(quantity, price)
    market.price = price
    market.moved = exchange.now()
    market.update_id += 1
    exchange.changes.markets[symbol] = market
    if not market.halted:
        _match(exchange, market)
    return market


def halt(exchange: Exchange, symbol: str, halted: bool) -> Market:
    """A halted symbol takes no orders and fills none; what its price passed meanwhile fills when it opens."""
    market = exchange.market(symbol)
    market.halted = halted
    exchange.changes.markets[symbol] = market
    if not halted:
        _match(exchange, market)
    return market


def _match(exchange: Exchange, market: Market) -> None:
    while order := market.resting.pop_reached(market.price):
        seat = exchange.seat(exchange.accounts[order.account_id], order.symbol)
        fill(seat, order, order.price, maker=True)
    while algo := market.conditional.pop_reached(market.price):
        conditional.trigger(exchange, algo)
    liquidation.check_holders(exchange, market)
