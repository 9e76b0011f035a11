"""Funding: what longs and shorts pay each other."""

from decimal import Decimal

from core.paper.engine import events, liquidation
from core.paper.engine.exchange import Exchange, Funding
from core.paper.engine.market import Market, next_funding_after
from core.paper.engine.numbers import round8


def pay(exchange: Exchange, symbol: str, rate: Decimal) -> Market:
    """One payment: position notional at mark * rate, from longs to shorts where the rate is positive."""
    market = exchange.market(symbol)
    now = exchange.now()
    market.funding_rate = rate
    market.next_funding = next_funding_after(now)
    exchange.changes.markets[symbol] = market
    exchange.changes.fundings.append(Funding(symbol, rate, market.price, now))
    for account_id, holding in list(market.holders.items()):
        account = exchange.accounts[account_id]
        amount = -round8(holding.quantity * market.price * rate)
        if not amount:
            continue
        exchange.book(account, symbol, "FUNDING_FEE", amount)
        if holding.isolated:
            account.move_isolated(holding, amount)
            exchange.keep_holding(account, holding)
        exchange.tell(account, events.funding_update(account, holding, market.price, now, amount))
    liquidation.check_holders(exchange, market)
    return market
