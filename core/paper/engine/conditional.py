"""Conditional (algo) orders: they wait for a price and then become an ordinary order of the same client id."""

from core.paper.engine import checks, events
from core.paper.engine.accounts import Account
from core.paper.engine.exchange import Exchange
from core.paper.engine.market import Market
from core.paper.engine.numbers import average
from core.paper.engine.orders import Algo, NewOrder
from core.paper.engine.placing import place
from core.paper.engine.refusals import VenueError, refusal

MAX_OPEN = 200  # per account, over all symbols


def place_conditional(exchange: Exchange, account: Account, algo: Algo, position_side: str = "BOTH") -> Algo:
    """Takes a conditional order, unnumbered so far. No margin is asked for before the trigger."""
    market = exchange.market(algo.symbol)
    checks.check_open_for_orders(market)
    checks.check_position_side(account, position_side)
    checks.check_client_id(algo.client_id)
    if any(one.client_id == algo.client_id for one in account.algos.values()):
        raise refusal(-4116)
    _check_amounts(market, algo)
    if (market.price >= algo.trigger_price) if algo.rises else (market.price <= algo.trigger_price):
        raise refusal(-2021)
    if len(account.algos) >= MAX_OPEN:
        raise refusal(-4045)
    algo.id = exchange.next_algo_id()
    algo.client_id = algo.client_id or f"paper_algo_{algo.id}"
    wait(account, market, algo)
    _tell(exchange, account, algo)
    return algo


def _check_amounts(market: Market, algo: Algo) -> None:
    checks.check_price(market.rules, algo.trigger_price)
    if algo.price:
        checks.check_price(market.rules, algo.price)
    if not algo.close_position:
        lot = market.rules.lot if algo.price else market.rules.market_lot
        checks.check_quantity(market.rules, algo.quantity, lot)


def wait(account: Account, market: Market, algo: Algo) -> None:
    account.algos[algo.id] = algo
    market.conditional.add(algo, algo.trigger_price, algo.rises)


def cancel_conditional(exchange: Exchange, account: Account, algo: Algo) -> None:
    algo.status = "CANCELED"
    algo.updated = exchange.now()
    del account.algos[algo.id]
    exchange.markets[algo.symbol].conditional.forget()
    _tell(exchange, account, algo)


def find_open(account: Account, algo_id: int | None, client_id: str | None) -> Algo | None:
    if algo_id is not None:
        return account.algos.get(algo_id)
    return next((one for one in account.algos.values() if one.client_id == client_id), None)


def trigger(exchange: Exchange, algo: Algo) -> None:
    """Its price has come: it becomes an order and ends FINISHED, or REJECTED with a reason."""
    account = exchange.accounts[algo.account_id]
    del account.algos[algo.id]
    algo.triggered = exchange.now()
    _become(exchange, account, algo, "TRIGGERING")
    try:
        order = place(exchange, account, _order_of(exchange, account, algo))
    except VenueError as error:
        algo.reason = error.message
        _become(exchange, account, algo, "REJECTED")
        return
    algo.order_id = order.id
    algo.actual_quantity, algo.actual_price = order.filled, average(order.quote, order.filled)
    _become(exchange, account, algo, "TRIGGERED")
    _become(exchange, account, algo, "FINISHED")


def _order_of(exchange: Exchange, account: Account, algo: Algo) -> NewOrder:
    quantity = algo.quantity
    if algo.close_position:
        quantity = exchange.seat(account, algo.symbol).holding.closable(1 if algo.side == "BUY" else -1)
        if not quantity:
            raise refusal(-2022)
    return NewOrder(
        symbol=algo.symbol,
        side=algo.side,
        type="LIMIT" if algo.price else "MARKET",
        time_in_force=algo.time_in_force,
        quantity=quantity,
        price=algo.price or None,
        client_id=algo.client_id,
        reduce_only=algo.reduce_only or algo.close_position,
        stp=algo.stp,
        original_type=algo.type,
        stop_price=algo.trigger_price,
        close_position=algo.close_position,
        working_type=algo.working_type,
        price_protect=algo.price_protect,
    )


def _become(exchange: Exchange, account: Account, algo: Algo, status: str) -> None:
    algo.status = status
    algo.updated = exchange.now()
    _tell(exchange, account, algo)


def _tell(exchange: Exchange, account: Account, algo: Algo) -> None:
    exchange.changes.algos[algo.id] = algo
    exchange.tell(account, events.algo_update(algo, exchange.now()))
