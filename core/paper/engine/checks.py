"""Everything that can refuse an order, in the venue's order of asking."""

import re
from decimal import Decimal

from core.paper.engine import margin
from core.paper.engine.accounts import Account, Holding
from core.paper.engine.exchange import Seat
from core.paper.engine.fills import by_priority
from core.paper.engine.market import Market
from core.paper.engine.numbers import ZERO, decimals, is_multiple, plain
from core.paper.engine.orders import NewOrder
from core.paper.engine.refusals import not_offered, refusal
from core.paper.engine.rules import Lot, Rules

CLIENT_ID = re.compile(r"^[.A-Z:/a-z0-9_-]{1,36}$")


def crosses(new: NewOrder, market: Market) -> bool:
    """Whether it would trade at once, as taker."""
    return new.price is None or (new.price - market.price) * new.sign >= 0


def check(seat: Seat, new: NewOrder) -> None:
    """Raises VenueError with the venue's code where the order may not be placed."""
    holding, market, rules = seat.holding, seat.market, seat.market.rules
    check_open_for_orders(market)
    check_position_side(seat.account, new.position_side)
    check_client_id(new.client_id)
    if new.client_id in holding.client_ids:
        raise refusal(-4116)
    check_quantity(rules, new.quantity, rules.market_lot if new.price is None else rules.lot)
    if new.price is not None:
        check_price(rules, new.price)
        _check_band(market, new.side, new.price)
    if new.reduce_only:
        _check_reduces(holding, market, new)
    else:
        _check_notional(market, new)
    _check_time_in_force(market, new)
    if not crosses(new, market) and len(holding.orders) >= rules.max_orders:
        raise refusal(-2025)
    if not new.reduce_only:
        _check_margin(seat, new)


def check_open_for_orders(market: Market) -> None:
    if market.status != "TRADING":
        raise refusal(-4141)
    kind = market.rules.listing["contractType"]
    if kind == "TRADIFI_PERPETUAL":
        raise refusal(-4411)
    if kind != "PERPETUAL":
        raise refusal(-4140)


def check_position_side(account: Account, side: str) -> None:
    if account.hedge_mode and side != "BOTH":
        raise not_offered("orders in hedge mode")
    if account.hedge_mode or side != "BOTH":
        raise refusal(-4061)


def check_client_id(client_id: str) -> None:
    """An empty one is the venue's to choose."""
    if client_id and not CLIENT_ID.match(client_id):
        raise refusal(-4015)


def check_quantity(rules: Rules, quantity: Decimal, lot: Lot) -> None:
    if quantity <= 0:
        raise refusal(-4003)
    if decimals(quantity) > rules.quantity_precision:
        raise refusal(-1111)
    if quantity < lot.minimum:
        raise refusal(-4004)
    if quantity > lot.maximum:
        raise refusal(-4005)
    if not is_multiple(quantity, lot.step):
        raise refusal(-4023)


def check_price(rules: Rules, price: Decimal) -> None:
    if price <= 0:
        raise refusal(-4001)
    if decimals(price) > rules.price_precision:
        raise refusal(-1111)
    if rules.max_price and price > rules.max_price:
        raise refusal(-4002)
    if rules.min_price and price < rules.min_price:
        raise refusal(-4013)
    if not is_multiple(price, rules.tick):
        raise refusal(-4014)


def _check_band(market: Market, side: str, price: Decimal) -> None:
    """PERCENT_PRICE is one-sided: a buy has no floor, a sell no ceiling."""
    if side == "BUY" and price > market.price * market.rules.percent_up:
        raise refusal(-4016, bound=plain(market.price * market.rules.percent_up))
    if side == "SELL" and price < market.price * market.rules.percent_down:
        raise refusal(-4024, bound=plain(market.price * market.rules.percent_down))


def _check_notional(market: Market, new: NewOrder) -> None:
    price = market.price if new.price is None else new.price
    if new.quantity * price < market.rules.min_notional:
        raise refusal(-4164, notional=plain(market.rules.min_notional))


def _check_reduces(holding: Holding, market: Market, new: NewOrder) -> None:
    """There must be a position to reduce that orders nearer to the market do not already use up."""
    room = holding.closable(new.sign)
    if new.price is not None and not crosses(new, market):
        nearer = (one for one in by_priority(holding) if (new.price - one.price) * new.sign <= 0)
        room -= sum((one.remaining for one in nearer), ZERO)
    if room <= 0:
        raise refusal(-2022)


def _check_time_in_force(market: Market, new: NewOrder) -> None:
    if new.time_in_force == "GTX" and crosses(new, market):
        raise refusal(-5022)
    if new.time_in_force == "FOK" and not crosses(new, market):
        raise refusal(-5021)


def _check_margin(seat: Seat, new: NewOrder) -> None:
    holding, market = seat.holding, seat.market
    price = market.price if new.price is None or crosses(new, market) else new.price
    notional = new.quantity * price
    position = holding.quantity * market.price
    bids = holding.bids + (notional if new.side == "BUY" else ZERO)
    asks = holding.asks + (notional if new.side == "SELL" else ZERO)
    if max(abs(position + bids), abs(position - asks)) > market.rules.max_notional(holding.leverage):
        raise refusal(-2027)
    more = margin.initial(position, bids, asks, holding.leverage) - margin.initial(
        position, holding.bids, holding.asks, holding.leverage
    )
    if more > 0 and more > margin.totals(seat.account, seat.exchange.markets).available:
        raise refusal(-2019)
