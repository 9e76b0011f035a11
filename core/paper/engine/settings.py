"""Leverage and margin type per symbol, and the account-wide modes."""

from core.paper.engine import events, margin
from core.paper.engine.accounts import Account, Holding
from core.paper.engine.exchange import Exchange
from core.paper.engine.refusals import refusal


def set_leverage(exchange: Exchange, account: Account, symbol: str, leverage: int) -> Holding:
    market = exchange.market(symbol)
    holding = account.holding(symbol, market.rules)
    if not 1 <= leverage <= market.rules.max_leverage:
        raise refusal(-4028, leverage=leverage)
    if holding.isolated and holding.quantity and leverage < holding.leverage:
        raise refusal(-4161)
    position = holding.quantity * market.price
    exposure = max(abs(position + holding.bids), abs(position - holding.asks))
    if exposure > market.rules.max_notional(leverage):
        raise refusal(-2027)
    more = exposure / leverage - exposure / holding.leverage
    if more > 0 and more > margin.totals(account, exchange.markets).available:
        raise refusal(-2028)
    holding.leverage = leverage
    exchange.keep_holding(account, holding)
    exchange.tell(account, events.leverage_update(holding, exchange.now()))
    return holding


def set_margin_type(exchange: Exchange, account: Account, symbol: str, isolated: bool) -> None:
    holding = account.holding(symbol, exchange.market(symbol).rules)
    if holding.isolated == isolated:
        raise refusal(-4046)
    if isolated and account.multi_assets:
        raise refusal(-4168)
    if holding.orders or any(one.symbol == symbol for one in account.algos.values()):
        raise refusal(-4047)
    if holding.quantity:
        raise refusal(-4048)
    holding.isolated = isolated
    exchange.keep_holding(account, holding)


def set_hedge_mode(exchange: Exchange, account: Account, hedge: bool) -> None:
    """The mode can be chosen, so that clients can be seen refusing it; no order is taken in it."""
    if account.hedge_mode == hedge:
        raise refusal(-4059)
    if any(one.orders for one in account.holdings.values()) or account.algos:
        raise refusal(-4067)
    if any(one.quantity for one in account.holdings.values()):
        raise refusal(-4068)
    account.hedge_mode = hedge
    exchange.changes.accounts[account.id] = account


def set_multi_assets(exchange: Exchange, account: Account, multi: bool) -> None:
    if account.multi_assets == multi:
        raise refusal(-4171)
    account.multi_assets = multi
    exchange.changes.accounts[account.id] = account
