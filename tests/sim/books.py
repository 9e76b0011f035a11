"""What the rows say was traded, against the venue's own trades, positions and ledger, to the last digit."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import select

from core.db import Session
from core.models import ExchangeApi, Fill, Funding, GridOrder, GridStrategy, Income
from tests.sim.user import BALANCE, Trader
from tests.sim.venue import SimulatedVenue

ZERO = Decimal(0)


class Books:
    """Of one trader. Symbols in which no strategy of his has run are his own business."""

    def __init__(self, venue: SimulatedVenue, trader: Trader) -> None:
        self._venue = venue
        self._trader = trader
        self._name = f"account {trader.account_id}"

    def complaints(self) -> list[str]:
        with Session.reading() as session:
            self._read(session)
        return [*self._of_owners(), *self._of_trades(), *self._of_positions(), *self._of_wallet(), *self._of_checks()]

    def _read(self, session: Any) -> None:
        number = self._trader.account_id
        self._orders = {
            row.client_order_id: row for row in session.scalars(select(GridOrder).where(GridOrder.account_id == number))
        }
        self._strategies = list(session.scalars(select(GridStrategy).where(GridStrategy.account_id == number)))
        self._fills = list(session.scalars(select(Fill).where(Fill.account_id == number)))
        nobodys = select(Funding.amount).join_from(Funding, Income)
        self._external_funding = sum(
            session.scalars(nobodys.where(Income.account_id == number, Funding.strategy_id.is_(None))), ZERO
        )
        self._account = session.get_one(ExchangeApi, number)
        self._symbols = {row.symbol for row in self._strategies if row.generation}

    def _of_owners(self) -> Iterator[str]:
        client_ids = {str(number): name for number, name in self._venue.store.rows("SELECT id, client_id FROM orders")}
        for fill in self._fills:
            order = self._orders.get(client_ids[fill.order_id])
            owner = (None, None) if order is None else (order.strategy_id, order.id)
            if owner != (fill.strategy_id, fill.grid_order_id):
                yield f"{self._name}: trade {fill.trade_id} is strategy {fill.strategy_id}'s, and in truth {owner[0]}'s"

    def _of_trades(self) -> Iterator[str]:
        here = {(fill.symbol, fill.trade_id): _fields(fill) for fill in self._fills}
        there = {
            (trade["symbol"], str(trade["id"])): _venues_fields(trade)
            for trade in self._docs("trades")
            if trade["symbol"] in self._symbols
        }
        for key in sorted(here.keys() | there.keys()):
            if here.get(key) != there.get(key):
                yield f"{self._name}: trade {key} is {here.get(key)} here and {there.get(key)} there"

    def _of_positions(self) -> Iterator[str]:
        for symbol in sorted(self._symbols):
            booked = sum((_signed(fill) for fill in self._fills if fill.symbol == symbol), ZERO)
            holding = self._trader.account.holdings.get(symbol)
            if booked != (holding.quantity if holding else ZERO):
                yield f"{self._name}: {symbol} {booked} booked, {holding and holding.quantity} at the venue"
        for row in self._strategies:
            booked = sum((_signed(fill) for fill in self._fills if fill.strategy_id == row.id), ZERO)
            if booked != row.position:
                yield f"strategy {row.id}: {booked} traded, its ledger holds {row.position}"

    def _of_wallet(self) -> Iterator[str]:
        ledgers = sum((row.realized_pnl - row.fees + row.funding for row in self._strategies), ZERO)
        external = sum((fill.realized_pnl - fill.fee for fill in self._fills if fill.strategy_id is None), ZERO)
        elsewhere = sum(
            (
                Decimal(line["income"])
                for line in self._docs("incomes")
                if line["symbol"] and line["symbol"] not in self._symbols and line["incomeType"] != "FUNDING_FEE"
            ),
            ZERO,
        )
        known = ledgers + external + self._external_funding + elsewhere
        if self._symbols and BALANCE + known != self._trader.account.wallet:
            yield f"{self._name}: the ledgers moved {known}, the wallet {self._trader.account.wallet - BALANCE}"

    def _of_checks(self) -> Iterator[str]:
        for row in self._strategies:
            if row.generation and not row.books_balance:
                yield f"strategy {row.id}: books balance: {row.books_balance}, {row.books_explanation}"
        if self._symbols and not self._account.books_balance:
            yield f"{self._name}: books balance: {self._account.books_balance}, {self._account.books_explanation}"

    def _docs(self, table: str) -> list[dict[str, Any]]:
        rows = self._venue.store.rows(f"SELECT doc FROM {table} WHERE account = ?", self._trader.account.id)
        return [orjson.loads(doc) for (doc,) in rows]


def _fields(fill: Fill) -> tuple[Any, ...]:
    whose = fill.order_id, fill.side
    return *whose, fill.price, fill.quantity, fill.fee, fill.realized_pnl, fill.is_maker


def _venues_fields(trade: dict[str, Any]) -> tuple[Any, ...]:
    amounts = (Decimal(trade[name]) for name in ("price", "qty", "commission", "realizedPnl"))
    return str(trade["orderId"]), trade["side"], *amounts, trade["maker"]


def _signed(fill: Fill) -> Decimal:
    return fill.quantity if fill.side == "BUY" else -fill.quantity
