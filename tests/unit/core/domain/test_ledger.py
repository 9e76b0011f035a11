"""The books of a strategy and of a cell."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.ledger import CellLedger, Ledger, split_funding
from core.domain.order import Side, Trade
from core.errors import ImpossibleState

BUY, SELL = Side.BUY, Side.SELL
money = st.integers(-(10**12), 10**12).map(lambda units: Decimal(units) / 10**8)
prices = st.integers(1, 10**13).map(lambda units: Decimal(units) / 10**7)
quantities = st.integers(1, 10**12).map(lambda units: Decimal(units) / 10**3)
fees = st.integers(-(10**6), 10**10).map(lambda units: Decimal(units) / 10**8)


def trade(
    side: Side,
    price: Decimal,
    quantity: Decimal,
    fee: Decimal = Decimal(0),
    asset: str = "USDT",
    *,
    realized: str = "0",
) -> Trade:
    return Trade("ETHUSDT", "1", "2", side, price, quantity, fee, asset, Decimal(realized), True, 0)


trades = st.builds(
    Trade,
    symbol=st.just("ETHUSDT"),
    trade_id=st.just("1"),
    order_id=st.just("2"),
    side=st.sampled_from(Side),
    price=prices,
    quantity=quantities,
    fee=fees,
    fee_asset=st.sampled_from(["USDT", "BNB"]),
    realized_pnl=money,
    is_maker=st.booleans(),
    traded_at=st.just(0),
)


def booked(many: list[Trade]) -> Ledger:
    ledger = Ledger()
    for one in many:
        ledger = ledger.apply(one)
    return ledger


# The strategy


@given(st.lists(trades, max_size=12), st.randoms(use_true_random=False))
def test_the_order_in_which_trades_arrive_changes_nothing(many: list[Trade], random: object) -> None:
    shuffled = list(many)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert booked(many) == booked(shuffled)


@given(st.lists(trades, max_size=12), st.lists(money, max_size=5), prices)
def test_total_pnl_is_the_money_that_moved_plus_what_the_position_is_worth(
    many: list[Trade], funding: list[Decimal], mark: Decimal
) -> None:
    ledger = booked(many)
    for amount in funding:
        ledger = ledger.add_funding(amount)
    wallet, position = sum(funding, Decimal(0)), Decimal(0)
    for one in many:
        wallet -= one.side.sign * one.price * one.quantity
        wallet -= one.fee if one.fee_asset == "USDT" else 0
        position += one.side.sign * one.quantity
    assert ledger.total_pnl(mark) == wallet + position * mark


@given(st.lists(trades, max_size=12), money, prices)
def test_realised_and_unrealised_less_fees_plus_funding_is_the_total_exactly(
    many: list[Trade], funding: Decimal, mark: Decimal
) -> None:
    ledger = booked(many).add_funding(funding)
    parts = ledger.realized_pnl + ledger.unrealized_pnl(mark) - ledger.fees + ledger.funding
    assert parts == ledger.total_pnl(mark)


def test_fees_in_other_assets_are_kept_in_that_asset() -> None:
    ledger = booked(
        [
            trade(BUY, Decimal(100), Decimal(1), Decimal("0.01"), "BNB"),
            trade(BUY, Decimal(100), Decimal(1), Decimal("0.02"), "USDT"),
            trade(SELL, Decimal(100), Decimal(1), Decimal("0.03"), "BNB"),
            trade(SELL, Decimal(100), Decimal(1), Decimal(0), ""),
        ]
    )
    assert (ledger.fees, ledger.other_fees) == (Decimal("0.02"), {"BNB": Decimal("0.04")})


@pytest.mark.parametrize(
    ("many", "average"),
    [
        ([], None),
        ([trade(BUY, Decimal(10), Decimal(4)), trade(BUY, Decimal(20), Decimal(4))], "15"),
        ([trade(BUY, Decimal(10), Decimal(4)), trade(SELL, Decimal(12), Decimal(1), realized="2")], "10"),
        ([trade(SELL, Decimal(10), Decimal(4)), trade(BUY, Decimal(8), Decimal(3), realized="6")], "10"),
        ([trade(BUY, Decimal(10), Decimal(4)), trade(SELL, Decimal(8), Decimal(4), realized="-8")], None),
    ],
)
def test_the_average_entry_price_is_the_open_positions(many: list[Trade], average: str | None) -> None:
    assert booked(many).average_entry_price == (None if average is None else Decimal(average))


def test_a_round_trip_counts_and_adds_its_profit() -> None:
    ledger = Ledger().add_grid_profit(Decimal("1.5"), 1).add_grid_profit(Decimal("-0.25"), 1)
    assert (ledger.grid_profit, ledger.round_trips) == (Decimal("1.25"), 2)


# The cell


@given(prices, prices, quantities, fees, fees)
def test_a_long_round_trip_earns_quantity_times_height_less_both_fees(
    buy: Decimal, sell: Decimal, quantity: Decimal, opened: Decimal, closed: Decimal
) -> None:
    rest, profit = CellLedger().opening_fill(buy, quantity, opened).close(SELL, quantity, sell * quantity, closed)
    assert profit == quantity * (sell - buy) - opened - closed
    assert rest == CellLedger()


@given(prices, prices, quantities, fees, fees)
def test_a_short_round_trip_mirrors_it(
    sell: Decimal, buy: Decimal, quantity: Decimal, opened: Decimal, closed: Decimal
) -> None:
    rest, profit = CellLedger().opening_fill(sell, quantity, opened).close(BUY, quantity, buy * quantity, closed)
    assert profit == quantity * (sell - buy) - opened - closed
    assert rest == CellLedger()


pieces = st.lists(st.tuples(prices, quantities, fees), min_size=1, max_size=8)


@given(pieces, st.randoms(use_true_random=False))
def test_opening_fills_may_come_in_any_order(fills: list[tuple[Decimal, Decimal, Decimal]], random: object) -> None:
    one, other = CellLedger(), CellLedger()
    for fill in fills:
        one = one.opening_fill(*fill)
    random.shuffle(fills)  # type: ignore[attr-defined]
    for fill in fills:
        other = other.opening_fill(*fill)
    assert one == other


@given(pieces, st.lists(st.tuples(prices, st.floats(0, 1), fees), max_size=8), prices, st.sampled_from(Side))
def test_however_a_cell_is_closed_piece_by_piece_its_profits_add_up_to_the_money_that_moved(
    opened: list[tuple[Decimal, Decimal, Decimal]],
    closed: list[tuple[Decimal, float, Decimal]],
    last_price: Decimal,
    closing: Side,
) -> None:
    cell, profits = CellLedger(), Decimal(0)
    for price, quantity, fee in opened:
        cell = cell.opening_fill(price, quantity, fee)
    moved = closing.sign * cell.cost_quote - cell.open_fees
    steps = [(price, Decimal(int(float(cell.held) * part)), fee) for price, part, fee in closed]
    for price, wanted, fee in steps:
        quantity = min(wanted, cell.held)
        cell, profit = cell.close(closing, quantity, price * quantity, fee)
        profits += profit
        moved += -closing.sign * price * quantity - fee
    moved += -closing.sign * last_price * cell.held
    cell, profit = cell.close(closing, cell.held, last_price * cell.held, Decimal(0))
    assert profits + profit == moved
    assert cell == CellLedger()


def test_what_is_held_counts_at_its_average_price() -> None:
    cell = CellLedger().opening_fill(Decimal(10), Decimal(1), Decimal("0.1"))
    cell = cell.opening_fill(Decimal(20), Decimal(3), Decimal("0.3"))
    rest, profit = cell.close(SELL, Decimal(2), Decimal(60), Decimal("0.5"))
    assert profit == 2 * 30 - 2 * Decimal("17.5") - Decimal("0.2") - Decimal("0.5")
    assert rest == CellLedger(Decimal(2), Decimal(35), Decimal("0.2"))


@pytest.mark.parametrize("quantity", ["1.001", "-1"])
def test_closing_more_than_is_held_stops_and_calls_a_human(quantity: str) -> None:
    with pytest.raises(ImpossibleState):
        CellLedger(Decimal(1), Decimal(100)).close(SELL, Decimal(quantity), Decimal(1), Decimal(0))


@given(pieces, st.lists(st.integers(1, 10**9), min_size=1, max_size=20))
def test_the_inventory_pool_gives_away_exactly_what_went_in(
    fills: list[tuple[Decimal, Decimal, Decimal]], parts: list[int]
) -> None:
    pool = CellLedger()
    for fill in fills:
        pool = pool.opening_fill(*fill)
    rest, given_away = pool, CellLedger()
    for part in parts:
        rest, piece = rest.release(min(rest.held, Decimal(part) / 1000))
        given_away = given_away.receive(piece)
        if piece.held:
            average, of_piece = pool.cost_quote / pool.held, piece.cost_quote / piece.held
            assert abs(of_piece - average) * piece.held <= len(parts) * Decimal("1e-8") * (1 + piece.held)
    rest, piece = rest.release(rest.held)
    assert rest == CellLedger()
    assert given_away.receive(piece) == pool


# Funding


positions = st.dictionaries(
    st.integers(), quantities.map(lambda q: q) | quantities.map(lambda q: -q), min_size=1, max_size=9
)


@given(money, positions)
def test_the_shares_of_a_funding_payment_add_up_to_it(amount: Decimal, held: dict[int, Decimal]) -> None:
    shares = split_funding(amount, held)
    assert sum(shares.values(), Decimal(0)) == amount
    assert set(shares) == set(held)


@given(positions, prices, st.integers(-300, 300))
def test_with_the_mark_and_rate_each_strategy_pays_for_its_own_position(
    held: dict[int, Decimal], mark: Decimal, rate: int
) -> None:
    per_base = -mark * rate / 10000
    amount = (sum(held.values(), Decimal(0)) * per_base).quantize(Decimal("1e-8"))
    shares = split_funding(amount, held, per_base)
    assert sum(shares.values(), Decimal(0)) == amount
    largest = max(held, key=lambda key: abs(held[key]))
    for key, position in held.items():
        allowed = Decimal("1e-8") * (1 if key != largest else len(held) + 1)
        assert abs(shares[key] - position * per_base) <= allowed


@pytest.mark.parametrize(
    ("amount", "held", "expected"),
    [
        ("-3", {"a": "1", "b": "2"}, {"a": "-1", "b": "-2"}),
        ("-1", {"a": "2", "b": "-1"}, {"a": "-2", "b": "1"}),  # the short earns what the long pays
        ("1", {"a": "1", "b": "1", "c": "1"}, {"a": "0.33333334", "b": "0.33333333", "c": "0.33333333"}),
        ("-5", {"a": "7"}, {"a": "-5"}),
        ("0", {"a": "7", "b": "-7"}, {"a": "0", "b": "0"}),
    ],
)
def test_funding_is_split_by_signed_share(amount: str, held: dict[str, str], expected: dict[str, str]) -> None:
    shares = split_funding(Decimal(amount), {key: Decimal(value) for key, value in held.items()})
    assert shares == {key: Decimal(value) for key, value in expected.items()}


def test_funding_of_no_position_at_all_is_impossible() -> None:
    with pytest.raises(ImpossibleState):
        split_funding(Decimal(1), {})
