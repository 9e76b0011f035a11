"""A running grid in the database, without a venue: for tests of what is booked and decided."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from sqlalchemy import select

from core.credentials import place_of
from core.db import Session
from core.domain.lifecycle import StrategyStatus
from core.domain.order import OrderNews, OrderStatus, Purpose, Side, Trade
from core.domain.parameters import GridType, MarginType, Parameters, Sizing, StrategyType
from core.domain.plan import plan
from core.domain.symbol_rules import Bracket, SymbolRules
from core.exchange.base import StreamEvent
from core.execution.intents import new_order, next_cell_order
from core.models import ExchangeApi, GridCell, GridOrder, GridStrategy, SymbolRule, User
from core.strategies.parameters import apply_parameters
from core.symbols import brackets_as_json
from core.vault import encrypt

D = Decimal
NOTHING = D(0)
ENTRY = D(100000)
RULES = SymbolRules(
    symbol="BTCUSDT",
    price_precision=2,
    quantity_precision=3,
    tick_size=D("0.1"),
    min_price=D("0.1"),
    max_price=D("1000000"),
    step_size=D("0.001"),
    min_quantity=D("0.001"),
    max_quantity=D("1000"),
    market_step_size=D("0.001"),
    market_min_quantity=D("0.001"),
    market_max_quantity=D("120"),
    min_notional=D("5"),
    max_num_orders=200,
    percent_price_up=D("1.15"),
    percent_price_down=D("0.85"),
    brackets=(Bracket(D(0), D("1e9"), 125, D("0.004"), D(0)),),
    maker_fee=D("0.0002"),
    taker_fee=D("0.0005"),
    contract_value=D(1),
    tradable=True,
)
PARAMETERS = Parameters(
    symbol="BTCUSDT",
    grid_type=GridType.ARITHMETIC,
    strategy_type=StrategyType.NEUTRAL,
    lower_price=D(95000),
    upper_price=D(105000),
    grid_number=10,
    total_investment=D(10000),
    leverage=2,
    sizing=Sizing.EQUAL_NOTIONAL,
    margin_type=MarginType.CROSSED,
)


def running_grid(
    entry_price: Decimal = ENTRY,
    parameters: Parameters = PARAMETERS,
    keys: tuple[str, str] = ("-", "-"),
    rules: SymbolRules = RULES,
    email: str = "grid@example.com",
) -> int:
    """A strategy that is RUNNING with every order PLACED (its inventory, if any, still PENDING); returns its id.

    `keys`: API key and HMAC secret of its account, where the test has a venue.
    """
    planned = plan(parameters, rules, entry_price)
    with Session.begin() as session:
        user = User(email=email, password_hash="-")
        session.add(user)
        session.flush()
        account = ExchangeApi(
            user_id=user.id,
            exchange="paper",
            api_key="-",  # encrypted below: a ciphertext is bound to the row's id
            api_secret="-",
            api_key_masked="…",
            api_key_fingerprint=email,
            key_type="HMAC",
        )
        columns = {name: getattr(rules, name) for name in rules.__slots__ if name != "brackets"}
        session.add(account)
        if session.scalars(select(SymbolRule.id)).first() is None:
            session.add(SymbolRule(exchange="paper", leverage_brackets=brackets_as_json(rules.brackets), **columns))
        session.flush()
        account.api_key = encrypt(keys[0], place_of(account.id, "api_key"))
        account.api_secret = encrypt(keys[1], place_of(account.id, "api_secret"))
        strategy = GridStrategy(
            user_id=user.id, account_id=account.id, exchange="paper", status=StrategyStatus.RUNNING, generation=1
        )
        apply_parameters(strategy, parameters)
        strategy.entry_price = entry_price
        session.add(strategy)
        session.flush()
        cells = [
            GridCell(
                strategy_id=strategy.id,
                generation=1,
                cell_index=cell.cell_index,
                lower_price=cell.lower,
                upper_price=cell.upper,
                quantity=cell.quantity,
                opening_side=cell.opening_side,
                next_side=cell.first_side,
                next_quantity=cell.quantity,
                next_purpose=Purpose.OPEN,
                awaits_inventory=cell.needs_inventory,
            )
            for cell in planned.cells
        ]
        session.add_all(cells)
        session.flush()
        for cell in cells:
            if not cell.awaits_inventory:
                next_cell_order(session, strategy, cell).status = OrderStatus.PLACED
        for quantity in planned.inventory_orders:
            assert planned.inventory_side is not None
            new_order(session, strategy, side=planned.inventory_side, quantity=quantity, purpose=Purpose.INVENTORY)
        return strategy.id


def strategy_row(strategy_id: int) -> GridStrategy:
    with Session.reading() as session:
        return session.get_one(GridStrategy, strategy_id)


def change(strategy_id: int, **columns: object) -> None:
    with Session.begin() as session:
        strategy = session.get_one(GridStrategy, strategy_id)
        for name, value in columns.items():
            setattr(strategy, name, value)


def order_rows(strategy_id: int, *statuses: OrderStatus) -> list[GridOrder]:
    """Its orders, oldest first; of the statuses named, or all."""
    query = select(GridOrder).where(GridOrder.strategy_id == strategy_id).order_by(GridOrder.id)
    with Session.reading() as session:
        return list(session.scalars(query.where(GridOrder.status.in_(statuses)) if statuses else query))


def cell_rows(strategy_id: int) -> list[GridCell]:
    with Session.reading() as session:
        return list(session.scalars(select(GridCell).where(GridCell.strategy_id == strategy_id)))


def said(order: GridOrder, status: OrderStatus, filled: Decimal = NOTHING, trade: Trade | None = None) -> StreamEvent:
    """A stream event about an order."""
    news = OrderNews(
        symbol=order.symbol,
        client_order_id=order.client_order_id,
        order_id=str(8_000_000_000 + order.id),
        side=Side(order.side),
        price=order.price or D(0),
        quantity=order.quantity,
        filled_quantity=filled,
        status=status,
        updated_at=1_760_000_000_000,
    )
    return StreamEvent(news, trade, 1_760_000_000_000)


def trade_of(order: GridOrder, number: int, quantity: Decimal, price: Decimal | None = None) -> Trade:
    """One maker trade of an order at its own price (or `price`), its fee 0.02 %."""
    at = price or order.price
    assert at is not None
    return Trade(
        symbol=order.symbol,
        trade_id=str(number),
        order_id=str(8_000_000_000 + order.id),
        side=Side(order.side),
        price=at,
        quantity=quantity,
        fee=(at * quantity * D("0.0002")).quantize(D("1e-8")),
        fee_asset="USDT",
        realized_pnl=D(0),
        is_maker=True,
        traded_at=1_760_000_000_000,
        client_order_id=order.client_order_id,
    )


def fill_events(order: GridOrder, number: int, pieces: Sequence[Decimal]) -> list[StreamEvent]:
    """NEW, then one event a piece; trade ids count up from `number`. FILLED when the pieces make the quantity."""
    events, filled = [said(order, OrderStatus.PLACED)], D(0)
    for offset, piece in enumerate(pieces):
        filled += piece
        status = OrderStatus.FILLED if filled == order.quantity else OrderStatus.PARTIALLY_FILLED
        events.append(said(order, status, filled, trade_of(order, number + offset, piece)))
    return events


def at_venue(event: StreamEvent, order_id: str) -> StreamEvent:
    """The same event under another venue order id."""
    return replace(event, news=replace(event.news, order_id=order_id))
