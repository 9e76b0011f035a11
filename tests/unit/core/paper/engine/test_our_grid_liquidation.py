"""Where a whole grid is liquidated beside what else its account holds, against where the simulated exchange does it."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.domain.backing import Backing, Resting
from core.domain.order import Side
from core.domain.outlook import outlook
from core.domain.parameters import StrategyType
from core.domain.plan import Plan, plan
from core.domain.symbol_rules import SymbolRules
from core.paper.engine import margin, rules
from core.paper.engine.accounts import Account
from core.paper.engine.exchange import Exchange
from core.paper.engine.refusals import VenueError
from core.paper.engine.settings import set_leverage
from core.paper.symbols import EXCHANGE_INFO_SYMBOLS
from tests.unit.core.domain import examples
from tests.unit.core.paper.engine.desk import Clock, Desk
from tests.unit.core.paper.engine.test_our_liquidation_price import bracket_rows, ours

D = Decimal
ENTRY, TICK = D(2500), D("0.01")


def backing_of(account: Account, exchange: Exchange, orders: list[Resting]) -> Backing:
    """As it is told by the venue before the grid is there: ETH is the grid's symbol."""
    totals = margin.totals(account, exchange.markets)
    here = account.holding("ETHUSDT", exchange.markets["ETHUSDT"].rules)
    own = margin.stake(here, exchange.markets["ETHUSDT"])
    spare = totals.cross_wallet + totals.cross_unrealized - own.unrealized
    return Backing(spare - (totals.cross_maintenance - own.maintenance), here.quantity, here.cost, orders)


def place(desk: Desk, planned: Plan) -> None:
    for cell in planned.cells:
        desk.order(cell.first_side.value, str(cell.quantity), str(cell.price(cell.first_side)))


@settings(max_examples=150)
@given(
    st.tuples(bracket_rows(), bracket_rows()),
    st.integers(1500, 20_000),
    st.integers(500, 4000),
    st.sampled_from((5, 10, 20, 50)),
    st.integers(-400, 400),
    st.integers(-3000, 3000),
    st.lists(st.tuples(st.sampled_from(("BUY", "SELL")), st.integers(1, 1500), st.integers(1, 900)), max_size=3),
    st.sampled_from(Side),
)
def test_a_grid_is_liquidated_within_a_tick_of_its_price_whatever_is_beside_it(  # noqa: PLR0917 - an account
    tables: tuple[list[dict[str, Any]], list[dict[str, Any]]],
    balance: int,
    investment: int,
    leverage: int,
    other: int,
    own: int,
    resting: list[tuple[str, int, int]],
    side: Side,
) -> None:
    exchange = Exchange(Clock().now)
    listings = {one["symbol"]: one for one in EXCHANGE_INFO_SYMBOLS}
    for (symbol, price), rows in zip((("ETHUSDT", ENTRY), ("BTCUSDT", D(80000))), tables, strict=True):
        exchange.list_symbol(rules.parse(listings[symbol], rows), price)
    account = exchange.open_account("k" * 64, "s" * 64, "", D(balance))
    desk, beside = Desk(exchange, account, "ETHUSDT"), Desk(exchange, account, "BTCUSDT")
    symbol_rules: SymbolRules = examples.rules(brackets=ours(tables[0]))
    wanted = examples.grid(
        strategy_type=StrategyType.NEUTRAL,
        total_investment=str(investment),
        leverage=leverage,
        lower_price="2300",
        upper_price="2700",
    )
    planned = plan(wanted, symbol_rules, ENTRY)
    orders = [
        Resting(Side(way), D(thousandths) / 1000, ENTRY - Side(way).sign * apart) for way, thousandths, apart in resting
    ]
    try:
        for one in (desk, beside):
            set_leverage(exchange, account, one.symbol, 125)
        if other:
            beside.order("BUY" if other > 0 else "SELL", str(D(abs(other)) / 1000))
        if own:
            desk.order("BUY" if own > 0 else "SELL", str(D(abs(own)) / 1000))
        beside.move("79500")
        seen = backing_of(account, exchange, orders)
        for order in orders:
            desk.order(order.side.value, str(order.quantity), str(order.price))
        place(desk, planned)
    except VenueError:
        assume(False)
    opened = sum((cell.quantity for cell in planned.cells if cell.opening_side is side), D(0))
    assume(seen.position * side.sign + opened > 0)
    found = outlook(wanted, planned, symbol_rules, backing=seen)
    price = found.liquidation_lower if side is Side.BUY else found.liquidation_upper
    edge = planned.lines[0] if side is Side.BUY else planned.lines[-1]
    is_inside = any(
        warning.code == "liquidation_inside_range" and warning.data["edge"] == edge for warning in found.warnings
    )
    holding = desk.holding
    desk.move(str(edge))
    left = _is_left(desk, side)
    assert is_inside is not left
    if is_inside or price is None:
        return
    assume(D(1) < price < D(100_000))
    exact = price.quantize(TICK, ROUND_CEILING if side is Side.BUY else ROUND_FLOOR)
    desk.move(str(exact + side.sign * TICK))
    assert _is_left(desk, side)
    desk.move(str(exact - side.sign * TICK))
    assert not holding.quantity


def _is_left(desk: Desk, side: Side) -> bool:
    """Whether its exposure of this side stands: what was liquidated is flat."""
    return desk.holding.quantity * side.sign > 0
