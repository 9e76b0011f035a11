"""Margin: the venue's formulas, written from its own words and sharing no code with the rest of the product."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from core.paper.engine.accounts import Account, Holding
from core.paper.engine.market import Market
from core.paper.engine.numbers import ZERO
from core.paper.engine.rules import Rules


@dataclass(frozen=True, slots=True)
class Stake:
    """A holding's margin at a mark price, all in quote. `initial` is for the position and the orders together."""

    notional: Decimal
    unrealized: Decimal
    maintenance: Decimal
    position_initial: Decimal
    initial: Decimal

    @property
    def order_initial(self) -> Decimal:
        return self.initial - self.position_initial


@dataclass(frozen=True, slots=True)
class Totals:
    """An account's margin, all in quote. Cross figures leave isolated positions out."""

    wallet: Decimal
    cross_wallet: Decimal
    unrealized: Decimal
    cross_unrealized: Decimal
    maintenance: Decimal
    cross_maintenance: Decimal
    position_initial: Decimal
    order_initial: Decimal
    available: Decimal


def maintenance(rules: Rules, notional: Decimal) -> Decimal:
    """Of a position of that notional (quote, positive)."""
    tier = rules.tier_of(notional)
    return notional * tier.rate - tier.cum


def initial(position: Decimal, bids: Decimal, asks: Decimal, leverage: int) -> Decimal:
    """For a signed position and its resting orders: the larger of the two sides if all of it filled."""
    return max(abs(position + bids), abs(position - asks)) / leverage


def stake(holding: Holding, market: Market) -> Stake:
    notional = holding.quantity * market.price
    return Stake(
        notional=notional,
        unrealized=holding.unrealized(market.price),
        maintenance=maintenance(market.rules, abs(notional)),
        position_initial=abs(notional) / holding.leverage,
        initial=initial(notional, holding.bids, holding.asks, holding.leverage),
    )


def totals(account: Account, markets: dict[str, Market]) -> Totals:
    """Sums over the account's symbols, never over its orders."""
    unrealized = cross_unrealized = maintenances = cross_maintenance = ZERO
    position_initial = order_initial = cross_position_initial = ZERO
    for holding in _in_use(account.holdings.values()):
        one = stake(holding, markets[holding.symbol])
        unrealized += one.unrealized
        maintenances += one.maintenance
        position_initial += one.position_initial
        order_initial += one.order_initial
        if not holding.isolated:
            cross_unrealized += one.unrealized
            cross_maintenance += one.maintenance
            cross_position_initial += one.position_initial
    available = account.cross_wallet + cross_unrealized - cross_position_initial - order_initial
    return Totals(
        wallet=account.wallet,
        cross_wallet=account.cross_wallet,
        unrealized=unrealized,
        cross_unrealized=cross_unrealized,
        maintenance=maintenances,
        cross_maintenance=cross_maintenance,
        position_initial=position_initial,
        order_initial=order_initial,
        available=max(ZERO, available),
    )


def _in_use(holdings: Iterable[Holding]) -> Iterable[Holding]:
    return (one for one in holdings if one.quantity or one.bids or one.asks)


def liquidation_price(account: Account, holding: Holding, markets: dict[str, Market]) -> Decimal:
    """Where margin balance meets maintenance margin; 0 where no price does."""
    if not holding.quantity:
        return ZERO
    market = markets[holding.symbol]
    if holding.isolated:
        backing = holding.isolated_wallet
    else:
        all_of_it, own = totals(account, markets), stake(holding, market)
        others_unrealized = all_of_it.cross_unrealized - own.unrealized
        backing = all_of_it.cross_wallet + others_unrealized - (all_of_it.cross_maintenance - own.maintenance)
    for tier in market.rules.tiers:
        price = _crossing(backing, holding, tier.rate, tier.cum)
        if price > 0 and tier.floor <= abs(holding.quantity) * price <= tier.cap:
            return price
    return ZERO


def _crossing(backing: Decimal, holding: Holding, rate: Decimal, cum: Decimal) -> Decimal:
    """The price p with backing + quantity * p - cost = |quantity| * p * rate - cum."""
    slope = abs(holding.quantity) * rate - holding.quantity
    return (backing - holding.cost + cum) / slope if slope else ZERO
