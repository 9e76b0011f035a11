"""The portfolio's answer, without an exchange."""

from decimal import Decimal

from flask import Flask

from core.db import Session
from core.models import GridStrategy
from tests.support.grids import running_grid, strategy_row
from tests.unit.web.people import Person, somebody


def test_without_a_key_there_is_no_portfolio(app: Flask) -> None:
    answer = somebody(app).get("/portfolio/paper")
    assert (answer.status_code, answer.json["reason"]) == (404, "no_exchange_key")  # type: ignore[index]


def test_what_the_ledger_knows_is_told_without_the_exchange(app: Flask) -> None:
    row = strategy_row(running_grid())
    with Session.begin() as session:
        strategy = session.get_one(GridStrategy, row.id)
        strategy.realized_pnl, strategy.fees, strategy.other_fees = Decimal("1.5"), Decimal("0.25"), {"BNB": "0.001"}
        strategy.sold_quote = Decimal("1.5")
    found = Person(app, row.user_id).get("/portfolio/paper").json
    assert found is not None
    assert found["exchange_error"]
    assert (found["wallet_balance"], found["margin_ratio"], found["books"]["wallet_before"]) == (None, None, None)
    assert (found["total_pnl"], found["fees"], found["other_fees"]) == ("1.25", "0.25", {"BNB": "0.001"})
    assert found["books"]["lines"] == [
        {"kind": "STRATEGIES", "asset": "BNB", "amount": "-0.001"},
        {"kind": "STRATEGIES", "asset": "USDT", "amount": "1.25"},
    ]
    assert found["strategies"][0]["id"] == row.id
    assert found["exposures"][0]["strategies"] == [row.id]


def test_fees_in_other_assets_are_told_beside_the_total(app: Flask) -> None:
    row = strategy_row(running_grid())
    with Session.begin() as session:
        strategy = session.get_one(GridStrategy, row.id)
        strategy.other_fees, strategy.books_explanation = {"BNB": "0.001"}, "it differs"
    found = Person(app, row.user_id).get(f"/grid/performance/paper/{row.id}").json
    assert found is not None
    assert (found["other_fees"], found["other_fees_value"], found["total_pnl"]) == ({"BNB": "0.001"}, None, "0")
    assert found["books_explanation"] == "it differs"
