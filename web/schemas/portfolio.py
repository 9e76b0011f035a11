"""All strategies of an account together."""

import marshmallow as ma

from web.fields import Decimal, Flag, Integer, Moment
from web.schemas.base import Schema
from web.schemas.performance import OTHER_FEES


def _said(text: str) -> dict[str, str]:
    return {"description": text}


class ExposureSchema(Schema):
    """On one symbol: positions signed, in base."""

    symbol = ma.fields.String()
    strategies = ma.fields.List(Integer())
    position = Decimal(metadata=_said("Of the strategies"))
    external_position = Decimal(metadata=_said("Of the user's own trades"))
    mark_price = Decimal(allow_none=True)
    notional = Decimal(allow_none=True)
    maintenance_margin = Decimal(allow_none=True)
    capital_in_use = Decimal(places=8, allow_none=True)
    capital_needed = Decimal(places=8, allow_none=True, metadata=_said("When every order of the grids has filled"))


class ShareSchema(Schema):
    """What one strategy adds."""

    id = Integer(attribute="row.id")
    name = ma.fields.String(attribute="row.name")
    symbol = ma.fields.String(attribute="row.symbol")
    status = ma.fields.String(attribute="row.status")
    total_investment = Decimal(attribute="row.total_investment")
    position = Decimal(attribute="row.position")
    grid_profit = Decimal(attribute="row.grid_profit")
    realized_pnl = Decimal(attribute="row.realized_pnl")
    unrealized_pnl = Decimal(allow_none=True)
    fees = Decimal(attribute="row.fees")
    funding = Decimal(attribute="row.funding")
    total_pnl = Decimal(allow_none=True)
    books_balance = Flag(attribute="row.books_balance", allow_none=True)


class LineSchema(Schema):
    """Signed as it moved the wallet."""

    kind = ma.fields.String(
        metadata=_said(
            "STRATEGIES and EXTERNAL: trades less fees; with _FUNDING: their funding; OTHER_SYMBOLS: trades where no "
            "strategy has traded; else the exchange's own word, such as TRANSFER and INSURANCE_CLEAR"
        )
    )
    asset = ma.fields.String()
    amount = Decimal()


class BooksSchema(Schema):
    """The account's ledger."""

    lines = ma.fields.List(ma.fields.Nested(LineSchema))
    balance = Flag(allow_none=True)
    difference = Decimal()
    explanation = ma.fields.String()
    checked_at = Moment(allow_none=True)
    wallet_before = Decimal(allow_none=True, metadata=_said("What the wallet held before the first of the lines"))


class PortfolioSchema(Schema):
    """USDT. Sums are over all strategies that ever ran; listed are those that run or hold something."""

    exchange = ma.fields.String()
    grid_profit = Decimal()
    realized_pnl = Decimal()
    unrealized_pnl = Decimal(allow_none=True)
    fees = Decimal()
    other_fees = ma.fields.Dict(keys=ma.fields.String(), values=Decimal(), metadata=_said(OTHER_FEES))
    funding = Decimal()
    total_pnl = Decimal(allow_none=True)
    wallet_balance = Decimal(allow_none=True)
    available_balance = Decimal(allow_none=True)
    margin_balance = Decimal(allow_none=True)
    maintenance_margin = Decimal(allow_none=True)
    margin_ratio = Decimal(places=8, allow_none=True, metadata=_said("maintenance_margin / margin_balance"))
    capital_in_use = Decimal(places=8, allow_none=True)
    capital_needed = Decimal(places=8, allow_none=True, metadata=_said("When every order of the grids has filled"))
    capital_free = Decimal(places=8, allow_none=True, metadata=_said("What no grid uses, and none could come to need"))
    exposures = ma.fields.List(ma.fields.Nested(ExposureSchema))
    strategies = ma.fields.List(ma.fields.Nested(ShareSchema))
    books = ma.fields.Nested(BooksSchema)
    exchange_error = ma.fields.String(metadata=_said("Why the exchange has told nothing; empty where it has"))
