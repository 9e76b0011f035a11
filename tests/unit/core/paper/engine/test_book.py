from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.paper.engine.book import resting_orders
from core.paper.engine.orders import Order

LEVELS = st.integers(1, 60)


def order(number: int, level: int, rises: bool) -> Order:
    one = Order(
        id=number,
        account_id=1,
        symbol="X",
        client_id=str(number),
        side="SELL" if rises else "BUY",
        type="LIMIT",
        time_in_force="GTC",
        quantity=Decimal(1),
        price=Decimal(level),
        reduce_only=False,
        time=0,
        updated=0,
    )
    one.resting = True
    return one


@given(
    entries=st.lists(st.tuples(LEVELS, st.booleans()), max_size=600),
    dead=st.sets(st.integers(0, 599)),
    price=LEVELS,
)
def test_a_price_reaches_exactly_the_living_ones_and_the_nearest_first(
    entries: list[tuple[int, bool]], dead: set[int], price: int
) -> None:
    book = resting_orders()
    orders = [order(number, level, rises) for number, (level, rises) in enumerate(entries)]
    for one in orders:
        book.add(one, one.price, rises=one.side == "SELL")
    for number in dead & set(range(len(orders))):
        orders[number].resting = False
        book.forget()
    reached = []
    while one := book.pop_reached(Decimal(price)):
        reached.append(one)
    alive = [one for one in orders if one.resting]
    buys = [one for one in alive if one.side == "BUY" and one.price >= price]
    sells = [one for one in alive if one.side == "SELL" and one.price <= price]
    assert reached == sorted(buys, key=lambda o: (-o.price, o.id)) + sorted(sells, key=lambda o: (o.price, o.id))
