"""Trades against fills, ledgers against both, and everything against the venue's own wallet."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from core.clock import to_ms
from tests.chaos.oracle.checks import Facts, always, quiet
from tests.chaos.oracle.rows import Row, amount, grouped, json_of, sign, signed, total
from tests.chaos.oracle.truth import Json

ZERO = Decimal(0)


@always("every fill is a trade of the venue")
def every_fill_is_a_trade_of_the_venue(facts: Facts) -> Iterator[str]:
    """Field by field, once, and of the order that it is booked to."""
    clients = {(one["account"], str(one["orderId"])): one["clientOrderId"] for one in facts.venue.orders}
    ids = {row["id"]: row["client_order_id"] for row in facts.before.orders}
    for (account, symbol, number), shares in grouped(facts.before.fills, _trade_of).items():
        name = f"trade {number} of {symbol}"
        trade = facts.venue.accounts[account].trades.get((symbol, number))
        if len({fill["share"] for fill in shares}) < len(shares):
            yield f"{name} is booked twice"
        elif trade is None:
            yield f"{name} is booked and does not exist"
        elif _booked(shares) != _traded(trade):
            yield f"{name} is booked as {_booked(shares)} and is {_traded(trade)}"
        elif shares[0]["grid_order_id"] is not None:
            client = clients.get((account, shares[0]["order_id"]))
            if client != ids.get(shares[0]["grid_order_id"]):
                yield f"{name} is of {client} and booked to {ids.get(shares[0]['grid_order_id'])}"


def _trade_of(fill: Row) -> tuple[int, str, int]:
    return fill["account_id"], fill["symbol"], int(fill["trade_id"])


def _booked(shares: list[Row]) -> tuple[object, ...]:
    """A liquidation may be split over strategies: the shares together are the trade."""
    one = shares[0]
    sums = [total(shares, name) for name in ("quantity", "fee", "realized_pnl")]
    rest = (one["fee_asset"], bool(one["is_maker"]), _ms(one["traded_at"]))
    return (one["order_id"], one["side"], amount(one["price"]), *sums, *rest)


def _traded(trade: Json) -> tuple[object, ...]:
    amounts = [amount(trade[name]) for name in ("price", "qty", "commission", "realizedPnl")]
    return (str(trade["orderId"]), trade["side"], *amounts, trade["commissionAsset"], trade["maker"], trade["time"])


def _ms(moment: object) -> int:
    return to_ms(moment) if hasattr(moment, "timestamp") else _ms_of_text(str(moment))


def _ms_of_text(text: str) -> int:
    """SQLite's: UTC without a zone."""
    return to_ms(datetime.fromisoformat(text).replace(tzinfo=UTC))


@always("ledgers are the sums of their fills")
def ledgers_are_the_sums_of_their_fills(facts: Facts) -> Iterator[str]:
    fills = grouped(facts.after.fills, lambda fill: fill["strategy_id"])
    fundings = grouped(facts.after.fundings, lambda share: share["strategy_id"])
    orders = grouped(facts.after.orders, lambda row: row["strategy_id"])
    for strategy in facts.after.strategies:
        number = strategy["id"]
        sums = _sums(fills.get(number, []), fundings.get(number, []), orders.get(number, []))
        for name, right in sums.items():
            if amount(strategy[name]) != right:
                yield f"strategy {number}: {name} is {strategy[name]}, its rows come to {right}"
        if json_of(strategy["other_fees"]):
            yield f"strategy {number}: fees in other assets, {strategy['other_fees']}: the venue takes none"


def _sums(fills: list[Row], fundings: list[Row], orders: list[Row]) -> dict[str, Decimal]:
    return {
        "position": signed(fills),
        "bought_quote": _quote(fills, "BUY"),
        "sold_quote": _quote(fills, "SELL"),
        "realized_pnl": total(fills, "realized_pnl"),
        "fees": total(fills, "fee"),
        "funding": total(fundings, "amount"),
        "grid_profit": total(orders, "profit"),
    }


def _quote(fills: list[Row], side: str) -> Decimal:
    return sum((amount(one["price"]) * amount(one["quantity"]) for one in fills if one["side"] == side), ZERO)


@always("orders have booked their fills")
def orders_have_booked_their_fills(facts: Facts) -> Iterator[str]:
    fills = grouped(facts.after.fills, lambda fill: fill["grid_order_id"])
    for row in facts.after.orders:
        mine = fills.get(row["id"], [])
        quote = sum((amount(fill["price"]) * amount(fill["quantity"]) for fill in mine), ZERO)
        booked = (amount(row["booked_quantity"]), amount(row["booked_quote"]), amount(row["fee"]))
        right = (total(mine, "quantity"), quote, total(mine, "fee"))
        if booked != right:
            yield f"{row['client_order_id']} has booked {booked}, its fills come to {right}"
        if amount(row["filled_quantity"]) > amount(row["quantity"]):
            yield f"{row['client_order_id']} has filled {row['filled_quantity']} of {row['quantity']}"


@quiet("every trade is a fill")
def every_trade_is_a_fill(facts: Facts) -> Iterator[str]:
    """Both ways, and each where it belongs: ours to its strategy, the user's own to nobody."""
    booked = {(fill["account_id"], fill["symbol"], int(fill["trade_id"])): fill for fill in facts.after.fills}
    clients = {(one["account"], one["orderId"]): one["clientOrderId"] for one in facts.venue.orders}
    for account, truth in facts.venue.accounts.items():
        for (symbol, number), trade in truth.trades.items():
            fill = booked.get((account, symbol, number))
            intent = facts.after.intent_of(clients.get((account, trade["orderId"]), ""))
            owner = None if intent is None else intent.strategy
            if fill is None:
                yield f"trade {number} of {symbol} ({clients.get((account, trade['orderId']))}) is not booked"
            elif fill["strategy_id"] != owner:
                yield f"trade {number} of {symbol} belongs to {owner or 'the user'}, booked to {fill['strategy_id']}"


@quiet("positions agree")
def positions_agree(facts: Facts) -> Iterator[str]:
    """The venue's = the sum of the fills = the sum over strategies and external trades."""
    for account, truth in facts.venue.accounts.items():
        fills = [fill for fill in facts.after.fills if fill["account_id"] == account]
        strategies = [row for row in facts.after.strategies if row["account_id"] == account]
        for symbol in {*truth.positions, *(row["symbol"] for row in strategies)}:
            of_symbol = [fill for fill in fills if fill["symbol"] == symbol]
            external = signed(fill for fill in of_symbol if fill["strategy_id"] is None)
            ours = total((row for row in strategies if row["symbol"] == symbol), "position") + external
            theirs = truth.positions.get(symbol, ZERO)
            if not theirs == signed(of_symbol) == ours:
                yield f"{symbol} of account {account}: {theirs} at the venue, {ours} in the ledger"


@quiet("the books close")
def the_books_close(facts: Facts) -> Iterator[str]:
    """The wallet, and each kind of income per symbol, to the last digit."""
    for account, truth in facts.venue.accounts.items():
        fills = grouped((one for one in facts.after.fills if one["account_id"] == account), lambda one: one["symbol"])
        strategies = [row for row in facts.after.strategies if row["account_id"] == account]
        for (kind, symbol), lines in grouped(
            truth.incomes.values(), lambda line: (line["incomeType"], line["symbol"])
        ).items():
            theirs, ours = total(lines, "income"), None
            if kind == "COMMISSION":
                ours = -total(fills.get(symbol, []), "fee")
            elif kind == "REALIZED_PNL":
                ours = total(fills.get(symbol, []), "realized_pnl")
            elif kind == "FUNDING_FEE":
                ours = total((row for row in strategies if row["symbol"] == symbol), "funding")
                ours += _external_funding(facts, account, symbol)
            if ours is not None and ours != theirs:
                yield f"{kind} of {symbol}, account {account}: {theirs} at the venue, {ours} in the books"
        yield from _wallet_fault(facts, account)


def _wallet_fault(facts: Facts, account: int) -> Iterator[str]:
    truth = facts.venue.accounts[account]
    deposits = total((one for one in truth.incomes.values() if one["incomeType"] == "TRANSFER"), "income")
    strategies = [row for row in facts.after.strategies if row["account_id"] == account]
    external = [one for one in facts.after.fills if one["account_id"] == account and one["strategy_id"] is None]
    earned = total(strategies, "realized_pnl") - total(strategies, "fees") + total(strategies, "funding")
    earned += total(external, "realized_pnl") - total(external, "fee") + _external_funding(facts, account)
    if truth.wallet - deposits != earned:
        yield f"the wallet of account {account} has moved by {truth.wallet - deposits}, the ledger by {earned}"


def _external_funding(facts: Facts, account: int, symbol: str = "") -> Decimal:
    """Of the user's own position; of every symbol where none is named."""
    shares = [one for one in facts.after.fundings if one["account_id"] == account and one["strategy_id"] is None]
    return total((share for share in shares if symbol in ("", share["symbol"])), "amount")


@quiet("grid profit is conserved")
def grid_profit_is_conserved(facts: Facts) -> Iterator[str]:
    """Recomputed from fills alone: what a run's grid orders brought in, less fees, is its booked profit less the cost
    of what the cells and the pool still hold. What an update closes at market is no round trip: it leaves with its
    cost, which must lie between the lowest and the highest price that was traded."""
    fills = grouped(facts.after.fills, lambda fill: fill["grid_order_id"])
    for strategy in facts.after.strategies:
        if not strategy["generation"] or strategy["status"] == "WAITING":
            continue  # one that waits for its next run may have another type than the last one had
        number, run = strategy["id"], (strategy["id"], strategy["generation"])
        orders = [row for row in facts.after.orders if (row["strategy_id"], row["generation"]) == run]
        cells = {c["id"]: c for c in facts.after.cells if (c["strategy_id"], c["generation"]) == run}
        if strategy["strategy_type"] == "NEUTRAL":
            yield from _of_neutral_cells(number, orders, cells, fills)
        else:
            yield from _of_directed_run(strategy, orders, cells, fills)


def _of_directed_run(
    strategy: Row, orders: list[Row], cells: dict[int, Row], fills: dict[int, list[Row]]
) -> Iterator[str]:
    direction = "BUY" if strategy["strategy_type"] == "BULLISH" else "SELL"
    of_grid = [row for row in orders if row["cell_id"] is not None or row["purpose"] == "INVENTORY"]
    given_up = [row for row in of_grid if row["purpose"] == "INVENTORY" and row["side"] != direction]
    counted = [row for row in of_grid if row not in given_up and not _is_unbooked_closing(row, cells)]
    flow = sum((_flow(fills.get(row["id"], [])) for row in counted), ZERO)
    booked, held = total(counted, "profit"), _cost_of(strategy, cells)
    left_with = (booked + held - flow) * (1 if direction == "BUY" else -1)
    prices = [amount(one["price"]) for row in of_grid for one in fills.get(row["id"], [])]
    quantity = total(given_up, "filled_quantity")
    fees = sum((total(fills.get(row["id"], []), "fee") for row in of_grid), ZERO) if quantity else ZERO
    low, high = (quantity * price for price in (min(prices, default=ZERO), max(prices, default=ZERO)))
    if not low - fees <= left_with <= high + fees:
        yield (
            f"strategy {strategy['id']}: grid orders brought {flow}, booked profit {booked}, held cost {held}, "
            f"and an update closed {quantity}"
        )


def _of_neutral_cells(
    strategy: int, orders: list[Row], cells: dict[int, Row], fills: dict[int, list[Row]]
) -> Iterator[str]:
    """Each for itself, but for those that an update has taken something from."""
    by_cell = grouped(orders, lambda row: row["cell_id"])
    for number, cell in cells.items():
        mine = by_cell.get(number, [])
        traded = sum((amount(row["filled_quantity"]) * sign(row["side"]) for row in mine), ZERO)
        if traded != amount(cell["held"]) * sign(cell["opening_side"]):
            continue
        counted = [row for row in mine if not _is_unbooked_closing(row, cells)]
        flow = sum((_flow(fills.get(row["id"], [])) for row in counted), ZERO)
        booked, held = total(counted, "profit"), _brought(cell["held_cost"], cell["held_fees"], cell["opening_side"])
        if flow != booked + held:
            yield (
                f"cell {cell['cell_index']} of strategy {strategy}: its orders brought {flow}, booked profit {booked} "
                f"and held cost {held}"
            )


def _is_unbooked_closing(order: Row, cells: dict[int, Row]) -> bool:
    """A closing order that still fills: its profit is booked when it has ended."""
    cell = cells.get(order["cell_id"])
    return cell is not None and order["side"] != cell["opening_side"] and order["profit"] is None


def _flow(fills: list[Row]) -> Decimal:
    """Quote received less paid, less fees."""
    moved = (amount(one["price"]) * amount(one["quantity"]) * (1 if one["side"] == "SELL" else -1) for one in fills)
    return sum(moved, ZERO) - total(fills, "fee")


def _cost_of(strategy: Row, cells: dict[int, Row]) -> Decimal:
    """What the positions held, in the pool and in the cells, have brought in so far."""
    pool_side = "BUY" if strategy["strategy_type"] == "BULLISH" else "SELL"
    pool = _brought(strategy["pool_cost"], strategy["pool_fees"], pool_side)
    return pool + sum((_brought(c["held_cost"], c["held_fees"], c["opening_side"]) for c in cells.values()), ZERO)


def _brought(cost: object, fees: object, opened_by: str) -> Decimal:
    """Quote: negative for what was bought, and less its fees."""
    return amount(cost) * -sign(opened_by) - amount(fees)


@quiet("what was to end flat is flat")
def what_was_to_end_flat_is_flat(facts: Facts) -> Iterator[str]:
    for row in facts.after.strategies:
        if row["status"] in ("STOPPED", "FINISHED") and row["close_on_end"] and amount(row["position"]):
            yield f"strategy {row['id']} is {row['status']}, was to close its position and holds {row['position']}"


@quiet("positions have the strategy's sign")
def positions_have_the_strategys_sign(facts: Facts) -> Iterator[str]:
    for row in facts.after.strategies:
        direction = {"BULLISH": 1, "BEARISH": -1}.get(row["strategy_type"], 0)
        if amount(row["position"]) * direction < 0:
            yield f"strategy {row['id']} is {row['strategy_type']} and holds {row['position']}"


@quiet("the system's own check agrees")
def the_systems_own_check_agrees(facts: Facts) -> Iterator[str]:
    for row in facts.after.strategies:
        if row["books_balance"] is not None and not row["books_balance"]:
            yield f"strategy {row['id']} says that its books differ: {row['books_explanation']}"
    for row in facts.after.accounts:
        if row["books_balance"] is not None and not row["books_balance"]:
            yield f"account {row['id']} says that its books differ: {row['books_explanation']}"
