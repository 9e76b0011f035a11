"""Rules of symbols."""

import marshmallow as ma

from web.fields import Decimal, Flag, Integer, Moment, QueryInteger
from web.schemas.base import PageQuery, Schema


class BracketSchema(Schema):
    """One tier of the venue's leverage table; notionals in quote."""

    notional_floor = Decimal()
    notional_cap = Decimal()
    max_leverage = Integer()
    maintenance_rate = Decimal()
    cum = Decimal()


class SymbolRulesSchema(Schema):
    """Prices in quote per base, quantities in base, fees as fractions."""

    exchange = ma.fields.String()
    symbol = ma.fields.String(attribute="rules.symbol")
    price_precision = Integer(attribute="rules.price_precision")
    quantity_precision = Integer(attribute="rules.quantity_precision")
    tick_size = Decimal(attribute="rules.tick_size")
    step_size = Decimal(attribute="rules.step_size")
    min_quantity = Decimal(attribute="rules.min_quantity")
    max_quantity = Decimal(attribute="rules.max_quantity")
    min_notional = Decimal(attribute="rules.min_notional")
    max_leverage = Integer(attribute="rules.max_leverage")
    leverage_brackets = ma.fields.List(ma.fields.Nested(BracketSchema), attribute="rules.brackets")
    max_num_orders = Integer(attribute="rules.max_num_orders")
    taker_fee = Decimal(attribute="rules.taker_fee")
    maker_fee = Decimal(attribute="rules.maker_fee")
    contract_value = Decimal(attribute="rules.contract_value")
    delists_at = Moment(
        attribute="rules.delists_at",
        allow_none=True,
        metadata={"description": "When the exchange settles it, if it does"},
    )
    updated_at = Moment()
    stale = Flag(metadata={"description": "The exchange was asked and did not answer"})


class RulesQuery(Schema):
    refresh = ma.fields.Boolean(load_default=False, metadata={"description": "Ask the exchange now"})


class SymbolsQuery(PageQuery):
    page_size = QueryInteger(load_default=100, validate=ma.validate.Range(min=1, max=100))
