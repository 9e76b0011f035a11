"""Our own liquidation prices against where the simulated exchange liquidates, over random brackets and positions."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from core.domain.margin import Holding, liquidation_prices, margin_ratio
from core.domain.symbol_rules import Bracket
from core.paper.engine import rules
from core.paper.engine.accounts import Account
from core.paper.engine.exchange import Exchange
from core.paper.engine.settings import set_leverage, set_margin_type
from core.paper.symbols import EXCHANGE_INFO_SYMBOLS
from tests.unit.core.paper.engine.desk import Clock, Desk

D = Decimal
TICKS = {"BTCUSDT": D("0.1"), "ETHUSDT": D("0.01")}
STARTS = {"BTCUSDT": D(80000), "ETHUSDT": D(2500)}
LEVERAGES = (125, 100, 75, 50, 20)


@st.composite
def bracket_rows(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rising rates with the `cum` that makes maintenance continuous, as the venue's are."""
    count = draw(st.integers(1, 5))
    caps = sorted(draw(st.sets(st.integers(1, 400), min_size=count, max_size=count)))
    rates = sorted(draw(st.sets(st.integers(4, 120), min_size=count, max_size=count)))
    rows, floor, cum, before = [], D(0), D(0), D(0)
    for number, (cap, thousandths) in enumerate(zip(caps, rates, strict=True), 1):
        rate = D(thousandths) / 1000
        cum += floor * (rate - before)
        end = D(10) ** 12 if number == count else D(cap) * 5000
        rows.append(
            {
                "bracket": number,
                "initialLeverage": LEVERAGES[0],
                "notionalCap": end,
                "notionalFloor": floor,
                "maintMarginRatio": rate,
                "cum": cum,
            }
        )
        floor, before = end, rate
    return rows


def ours(rows: list[dict[str, Any]]) -> tuple[Bracket, ...]:
    return tuple(
        Bracket(row["notionalFloor"], row["notionalCap"], 125, row["maintMarginRatio"], row["cum"]) for row in rows
    )


def opened(account: Account, exchange: Exchange, brackets: dict[str, tuple[Bracket, ...]]) -> dict[str, Holding]:
    return {
        symbol: Holding(
            one.quantity,
            one.cost / one.quantity,
            exchange.markets[symbol].price,
            brackets[symbol],
            one.isolated_wallet if one.isolated else None,
        )
        for symbol, one in account.holdings.items()
        if one.quantity
    }


@given(
    st.tuples(bracket_rows(), bracket_rows()),
    st.integers(200, 40_000),
    st.tuples(st.integers(2, 4000), st.integers(10, 40_000)),
    st.tuples(st.sampled_from(("BUY", "SELL")), st.sampled_from(("BUY", "SELL"))),
    st.integers(-5, 5),
    st.booleans(),
)
def test_within_a_tick_of_where_the_exchange_liquidates(  # noqa: PLR0917 - one position beside another
    tables: tuple[list[dict[str, Any]], list[dict[str, Any]]],
    balance: int,
    thousandths: tuple[int, int],
    sides: tuple[str, str],
    moved_pct: int,
    isolated: bool,
) -> None:
    exchange = Exchange(Clock().now)
    listings = {one["symbol"]: one for one in EXCHANGE_INFO_SYMBOLS}
    brackets = {}
    for symbol, rows in zip(STARTS, tables, strict=True):
        exchange.list_symbol(rules.parse(listings[symbol], rows), STARTS[symbol])
        brackets[symbol] = ours(rows)
    account = exchange.open_account("k" * 64, "s" * 64, "", D(balance))
    desks = [Desk(exchange, account, symbol) for symbol in STARTS]
    for desk in desks:
        set_leverage(exchange, account, desk.symbol, 125)
    if isolated:
        set_margin_type(exchange, account, "BTCUSDT", True)
    for desk, amount, side in zip(desks, thousandths, sides, strict=True):
        if amount * STARTS[desk.symbol] / 1000 / 125 < D(balance) * D("0.45"):
            desk.order(side, str(D(amount) / 1000))
    desks[1].move(str(STARTS["ETHUSDT"] * (100 + moved_pct) / 100))
    held = opened(account, exchange, brackets)
    assume("BTCUSDT" in held)
    set_aside = sum((one.isolated or D(0) for one in held.values()), D(0))
    wallet = account.cross_wallet + set_aside
    price, side, tick = liquidation_prices(wallet, held)["BTCUSDT"], sides[0], TICKS["BTCUSDT"]
    assume(margin_ratio(wallet, held.values()) < 1)
    towards = -1 if side == "BUY" else 1
    if price is None:
        desks[0].move(str(tick))
        assert desks[0].holding.quantity or not any(one.quantity for one in account.holdings.values())
        return
    assume(D(1) < price < D(1_000_000))
    exact = price.quantize(tick, ROUND_CEILING if towards < 0 else ROUND_FLOOR)
    before = exact - towards * tick
    assume((before - STARTS["BTCUSDT"]) * towards > 0)
    desks[0].move(str(before))
    assert desks[0].holding.quantity
    desks[0].move(str(exact + towards * tick))
    assert not desks[0].holding.quantity
