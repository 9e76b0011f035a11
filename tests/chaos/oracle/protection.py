"""Conditional orders at the venue: every losing bound of a grid rests there, once, as the database says."""

from collections import Counter
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from tests.chaos.oracle.checks import Facts, always, quiet
from tests.chaos.oracle.rows import LIVE, Row, amount, total
from tests.chaos.oracle.truth import Json

_PROTECTED = ("RUNNING", "PAUSED")


@always("one conditional order per intent")
def one_conditional_order_per_intent(facts: Facts) -> Iterator[str]:
    counts = Counter((account, one["clientAlgoId"]) for account, one in _ours(facts))
    for (account, client_id), times in counts.items():
        row = facts.after.order_of.get(client_id)
        if times > 1:
            yield f"{client_id} rests {times} times at the venue"
        elif row is None or row["account_id"] != account or not row["attempts"]:
            yield f"{client_id} rests at the venue and was never claimed"


@quiet("conditional orders rest as they should")
def conditional_orders_rest_as_they_should(facts: Facts) -> Iterator[str]:
    """{open at the venue, ours} = {PLACED and not triggered in the database}, field by field."""
    at_venue = {one["clientAlgoId"]: one for _, one in _ours(facts)}
    rows = [row for row in facts.after.orders if row["trigger_price"] is not None and row["order_id"] is None]
    here = {row["client_order_id"]: row for row in rows if row["status"] == "PLACED"}
    for client_id in sorted(set(at_venue) ^ set(here)):
        where = "at the venue only" if client_id in at_venue else "in the database only"
        yield f"the conditional order {client_id} rests {where}"
    for client_id in set(at_venue) & set(here):
        ours, theirs = _of_row(here[client_id]), _of_venue(at_venue[client_id])
        if ours != theirs:
            yield f"the conditional order {client_id} is {ours} in the database and {theirs} at the venue"


@quiet("each losing bound is protected")
def each_losing_bound_is_protected(facts: Facts) -> Iterator[str]:
    """For all that the grid can hold when the market is there."""
    for strategy in facts.after.strategies:
        if strategy["status"] not in _PROTECTED:
            continue
        for opened_by, price in _losing_bounds(strategy, facts.after.ticks[strategy["symbol"]]):
            cells = [cell for cell in facts.after.grid[strategy["id"]] if cell["opening_side"] == opened_by]
            orders = [row for row in _conditional(facts, strategy) if amount(row["trigger_price"]) == price]
            closes = "SELL" if opened_by == "BUY" else "BUY"
            right = [row for row in orders if row["side"] == closes]
            covers = any(row["close_position"] for row in right) or total(right, "quantity") == total(cells, "quantity")
            if cells and not covers:
                yield f"strategy {strategy['id']}: its bound {price} has {len(right)} orders at the venue"


def _losing_bounds(strategy: Row, tick: Decimal) -> Iterator[tuple[str, Decimal]]:
    """(The side that opened what loses there, the price.) A NEUTRAL grid has two."""
    kind = strategy["strategy_type"]
    loses_above = kind == "BEARISH"
    stop = _bound(strategy, "stop_loss", above=loses_above, tick=tick)
    profit = _bound(strategy, "take_profit", above=True, tick=tick)
    if stop is not None:
        yield "SELL" if loses_above else "BUY", stop
    if profit is not None and kind == "NEUTRAL":
        yield "SELL", profit


def _bound(strategy: Row, name: str, *, above: bool, tick: Decimal) -> Decimal | None:
    """A price, or so many percent beyond the range as it is now, on the nearest tick, half up."""
    percent = strategy[f"{name}_pct"]
    if percent is None:
        return None if strategy[name] is None else amount(strategy[name])
    edge = amount(strategy["upper_price" if above else "lower_price"])
    beyond = edge * (100 + amount(percent) * (1 if above else -1)) / 100
    return (beyond / tick).to_integral_value(ROUND_HALF_UP) * tick


def _conditional(facts: Facts, strategy: Row) -> list[Row]:
    return [
        row
        for row in facts.after.orders
        if row["strategy_id"] == strategy["id"] and row["trigger_price"] is not None and row["status"] in LIVE
    ]


def _of_row(row: Row) -> tuple[object, ...]:
    quantity = Decimal(0) if row["close_position"] else amount(row["quantity"])
    reduces = bool(row["reduce_only"])
    return (row["algo_id"], row["side"], amount(row["trigger_price"]), quantity, bool(row["close_position"]), reduces)


def _of_venue(one: Json) -> tuple[object, ...]:
    return (
        str(one["algoId"]),
        one["side"],
        amount(one["triggerPrice"]),
        amount(one["quantity"]),
        one["closePosition"],
        one["reduceOnly"] and not one["closePosition"],
    )


def _ours(facts: Facts) -> list[tuple[int, Json]]:
    return [
        (account, one)
        for account, truth in facts.venue.accounts.items()
        for one in truth.conditional
        if facts.after.intent_of(one["clientAlgoId"]) is not None
    ]
