"""Orders at the venue against orders in the database."""

from collections import Counter
from collections.abc import Iterator

from tests.chaos.oracle.checks import Facts, always, quiet
from tests.chaos.oracle.rows import FINAL, LIVE, RESTING, Row, amount, grouped, sign
from tests.chaos.oracle.truth import OPEN, Json

_STATUS_OF = {"NEW": "PLACED", "PARTIALLY_FILLED": "PARTIALLY_FILLED"}
_LETTER = {"OPEN": "O", "COUNTER": "C", "INVENTORY": "I", "CLOSE": "X", "STOP_LOSS": "S", "TAKE_PROFIT": "T"}


@always("one order per intent")
def one_order_per_intent(facts: Facts) -> Iterator[str]:
    """No intent ever had two orders at the venue, but for detected ghosts."""
    counts = Counter((one["account"], one["clientOrderId"]) for one in _ours(facts))
    for (_, client_order_id), times in counts.items():
        if times > 1 and client_order_id not in facts.after.ghosts:
            yield f"{client_order_id} has had {times} orders at the venue"


@always("one open order per cell")
def one_open_order_per_cell(facts: Facts) -> Iterator[str]:
    open_ones = [one for one in _ours(facts) if one["status"] in OPEN]
    for (strategy, cell), orders in grouped(open_ones, lambda one: _cell_of(facts, one)).items():
        ids = [one["clientOrderId"] for one in orders]
        if cell is not None and len(ids) > 1 and not facts.after.ghosts.intersection(ids):
            yield f"cell {cell} of strategy {strategy} has {len(ids)} open orders at the venue: {', '.join(ids)}"


@always("no order without its row")
def no_order_without_its_row(facts: Facts) -> Iterator[str]:
    """Whatever of ours is at the venue was committed, claimed, before it left: and is what was committed."""
    for one in _ours(facts):
        row = facts.after.order_of.get(one["clientOrderId"])
        if row is None or row["account_id"] != one["account"]:
            yield f"{one['clientOrderId']} is at the venue and not in the database"
        elif not row["attempts"]:
            yield f"{one['clientOrderId']} is at the venue and was never claimed"
        else:
            yield from _differences(row, one)


def _differences(row: Row, one: Json) -> Iterator[str]:
    """A conditional order's row goes on as the order that its trigger made: at the market, for what there was."""
    pairs = {"symbol": (row["symbol"], one["symbol"]), "side": (row["side"], one["side"])}
    if row["trigger_price"] is None:
        pairs |= _of_ordinary_order(row, one)
    for name, (ours, theirs) in pairs.items():
        if ours != theirs:
            yield f"{one['clientOrderId']}: {name} is {ours} in the database and {theirs} at the venue"


def _of_ordinary_order(row: Row, one: Json) -> dict[str, tuple[object, object]]:
    return {
        "type": (row["type"], one["type"]),
        "price": (amount(row["price"]), amount(one["price"])),
        "quantity": (amount(row["quantity"]), amount(one["origQty"])),
        "reduce-only": (bool(row["reduce_only"]), one["reduceOnly"]),
    }


@always("ids say what their rows say")
def ids_say_what_their_rows_say(facts: Facts) -> Iterator[str]:
    """Each client order id names its row's strategy, cell, sequence and purpose; no sequence was used twice."""
    for row in facts.after.orders:
        intent = facts.after.intent_of(row["client_order_id"])
        said = (intent.strategy, intent.cell, intent.sequence, intent.purpose) if intent else None
        cell, purpose = row["cell_index"], _LETTER.get(row["purpose"], "?")
        if said != (row["strategy_id"], cell, row["sequence"], purpose):
            yield f"{row['client_order_id']} is not the id of its row {row['id']}"
    used = Counter((row["strategy_id"], row["sequence"]) for row in facts.after.orders)
    for (strategy, sequence), times in used.items():
        if times > 1:
            yield f"strategy {strategy} has used sequence {sequence} {times} times"
    for strategy in facts.after.strategies:
        last = max((number for owner, number in used if owner == strategy["id"]), default=0)
        if strategy["next_sequence"] <= last:
            yield f"strategy {strategy['id']} would use sequence {strategy['next_sequence']} again"


@always("orders of others are left alone")
def orders_of_others_are_left_alone(facts: Facts) -> Iterator[str]:
    """Nobody else cancels in these tests: an order that is not ours may fill, nothing else."""
    for one in facts.venue.orders:
        is_theirs = facts.after.intent_of(one["clientOrderId"]) is None
        if is_theirs and one["status"] not in (*OPEN, "FILLED"):
            yield f"the user's own order {one['clientOrderId']} is {one['status']}"


@always("order limits were not crossed")
def order_limits_were_not_crossed(facts: Facts) -> Iterator[str]:
    for window, limit in ((10_000, 300), (60_000, 1200)):
        counts = Counter((one["account"], one["time"] // window) for one in facts.venue.orders)
        for (account, _), times in counts.items():
            if times > limit:
                yield f"account {account} placed {times} orders in {window // 1000} s"


@always("no limit was crossed")
def no_limit_was_crossed(facts: Facts) -> Iterator[str]:
    """By the venue's own count, of weight per address and of orders per account."""
    for who, times in facts.venue.over_limit.items():
        yield f"{who} was over a limit {times} times"


@always("nothing was asked that touches others")
def nothing_was_asked_that_touches_others(facts: Facts) -> Iterator[str]:
    """The listen key is shared by all of an account's programs, and "cancel all" takes the user's own orders too."""
    for what in ("close_listen_key", "cancel_all_orders", "cancel_all_algos", "set_position_mode", "set_multi_assets"):
        if facts.venue.asked.get(what):
            yield f"{what} was asked for {facts.venue.asked[what]} times"


@quiet("nothing is under way")
def nothing_is_under_way(facts: Facts) -> Iterator[str]:
    for row in facts.after.orders:
        if row["status"] in ("PENDING", "SUBMITTED", "UNKNOWN"):
            yield f"{row['client_order_id']} is {row['status']} ({row['last_error'] or 'no error'})"
        elif amount(row["booked_quantity"]) != amount(row["filled_quantity"]):
            yield f"{row['client_order_id']} misses trades: {row['booked_quantity']} of {row['filled_quantity']} booked"
    for row in facts.after.operations:
        if row["state"] in ("PENDING", "RUNNING"):
            yield f"operation {row['kind']} of strategy {row['strategy_id']} is {row['state']}"
    for row in facts.after.strategies:
        if row["status"] in ("STARTING", "STOPPING") or (row["status"] == "RUNNING" and row["change"]):
            yield f"strategy {row['id']} is {row['status']} ({row['waiting_for'] or 'no reason'})"


@quiet("open orders are live orders")
def open_orders_are_live_orders(facts: Facts) -> Iterator[str]:
    """{open at the venue, ours} = {PLACED or PARTIALLY_FILLED in the database}, field by field."""
    at_venue = {one["clientOrderId"]: one for one in _ours(facts) if one["status"] in OPEN}
    resting = [row for row in facts.after.orders if row["status"] in RESTING and not _waits_for_its_trigger(row)]
    here = {row["client_order_id"]: row for row in resting}
    for client_order_id in sorted(set(at_venue) - set(here)):
        row = facts.after.order_of.get(client_order_id)
        yield f"{client_order_id} rests at the venue and is {row['status'] if row else 'unknown'} in the database"
    for client_order_id in sorted(set(here) - set(at_venue)):
        yield f"{client_order_id} is {here[client_order_id]['status']} in the database and does not rest at the venue"
    for client_order_id in set(at_venue) & set(here):
        yield from _live_differences(here[client_order_id], at_venue[client_order_id])


def _waits_for_its_trigger(row: Row) -> bool:
    return row["trigger_price"] is not None and row["order_id"] is None


def _live_differences(row: Row, one: Json) -> Iterator[str]:
    ours = (row["order_id"], row["status"], amount(row["filled_quantity"]))
    theirs = (str(one["orderId"]), _STATUS_OF[one["status"]], amount(one["executedQty"]))
    if ours != theirs:
        yield f"{one['clientOrderId']} is {ours} in the database and {theirs} at the venue"
    yield from _differences(row, one)


@quiet("ended orders ended so at the venue")
def ended_orders_ended_so_at_the_venue(facts: Facts) -> Iterator[str]:
    """A row that knows its order has the order's end and quantity; one that does not has no order at the venue."""
    at_venue = {one["clientOrderId"]: one for one in _ours(facts)}
    for row in facts.after.orders:
        one = at_venue.get(row["client_order_id"])
        if row["status"] not in FINAL or row["client_order_id"] in facts.after.ghosts:
            continue
        if one is None:
            if not _waits_for_its_trigger(row) and (row["status"] in ("FILLED", "EXPIRED") or row["order_id"]):
                yield f"{row['client_order_id']} is {row['status']} and never was at the venue"
            continue
        ours = (row["order_id"], row["status"], amount(row["filled_quantity"]))
        theirs = (str(one["orderId"]), one["status"].replace("EXPIRED_IN_MATCH", "EXPIRED"), amount(one["executedQty"]))
        if ours != theirs:
            yield f"{row['client_order_id']} ended as {ours} in the database and as {theirs} at the venue"


@quiet("each cell has its order or a reason")
def each_cell_has_its_order_or_a_reason(facts: Facts) -> Iterator[str]:
    live = grouped([row for row in facts.after.orders if row["status"] in LIVE], lambda row: row["cell_id"])
    for strategy in facts.after.strategies:
        if strategy["status"] == "RUNNING":
            for cell in facts.after.grid[strategy["id"]]:
                yield from _cell_faults(cell, live.get(cell["id"], []))
        elif strategy["status"] != "PAUSED":
            yield from (
                f"strategy {strategy['id']} is {strategy['status']} and {row['client_order_id']} is {row['status']}"
                for row in facts.after.orders
                if row["strategy_id"] == strategy["id"] and row["status"] in LIVE
            )


@quiet("cells cover the range")
def cells_cover_the_range(facts: Facts) -> Iterator[str]:
    """As many as there are to be, each beginning where the last one ends, whatever has been updated or has trailed; and
    nothing rests for a cell that was dropped."""
    for strategy in facts.after.strategies:
        if strategy["status"] != "RUNNING":
            continue
        cells = facts.after.grid[strategy["id"]]
        edges = [amount(strategy["lower_price"]), *(amount(cell["upper_price"]) for cell in cells)]
        joined = all(amount(cell["lower_price"]) == edge for cell, edge in zip(cells, edges, strict=False))
        if len(cells) != strategy["grid_number"] or not joined or edges[-1] != amount(strategy["upper_price"]):
            yield f"strategy {strategy['id']}: {len(cells)} cells of {strategy['grid_number']}, with edges {edges}"
    dropped = {cell["id"] for cell in facts.after.cells if cell["dropped"]}
    for row in facts.after.orders:
        if row["cell_id"] in dropped and row["status"] in LIVE:
            yield f"{row['client_order_id']} is {row['status']} and its cell was dropped"


def _cell_faults(cell: Row, live: list[Row]) -> Iterator[str]:
    name = f"cell {cell['cell_index']} of strategy {cell['strategy_id']}"
    if len(live) > 1:
        yield f"{name} has {len(live)} live orders"
    elif not live:
        waits = cell["frozen"] or cell["awaits_inventory"] or (cell["next_try_at"] and cell["gap_reason"])
        if not waits:
            yield f"{name} has no order and no reason"
    else:
        yield from _misplaced(name, cell, live[0])


def _misplaced(name: str, cell: Row, order: Row) -> Iterator[str]:
    """At its own line, for what the cell holds or for what it lacks."""
    line = cell["lower_price"] if order["side"] == "BUY" else cell["upper_price"]
    if amount(order["price"]) != amount(line):
        yield f"{name}: its {order['side']} rests at {order['price']}, not at {line}"
    remaining = amount(order["quantity"]) - amount(order["filled_quantity"])
    held, size = amount(cell["held"]), amount(cell["quantity"])
    is_opening = order["side"] == cell["opening_side"]
    if is_opening and held + remaining > size:
        yield f"{name}: holds {held} of {size} and would open {remaining} more"
    if not is_opening and remaining > held:
        yield f"{name}: holds {held} and would close {remaining}"


@quiet("cells hold the position")
def cells_hold_the_position(facts: Facts) -> Iterator[str]:
    """What the cells of the present run hold, and the pool, is what its grid orders traded."""
    for strategy in facts.after.strategies:
        if strategy["status"] not in ("RUNNING", "PAUSED") or not strategy["generation"]:
            continue
        cells = [
            cell
            for cell in facts.after.cells
            if cell["strategy_id"] == strategy["id"] and cell["generation"] == strategy["generation"]
        ]
        traded = sum(
            amount(row["filled_quantity"]) * sign(row["side"])
            for row in facts.after.orders
            if row["strategy_id"] == strategy["id"]
            and row["generation"] == strategy["generation"]
            and row["client_order_id"] not in facts.after.ghosts
        )
        # A NEUTRAL grid's pool is signed: what an update has left to be closed.
        pool = amount(strategy["pool_quantity"]) * (-1 if strategy["strategy_type"] == "BEARISH" else 1)
        held = sum(amount(cell["held"]) * sign(cell["opening_side"]) for cell in cells)
        if held + pool != traded:
            yield f"strategy {strategy['id']}: its cells hold {held + pool}, its orders traded {traded}"


def _ours(facts: Facts) -> list[Json]:
    return [one for one in facts.venue.orders if facts.after.intent_of(one["clientOrderId"]) is not None]


def _cell_of(facts: Facts, one: Json) -> tuple[int, int | None]:
    intent = facts.after.intent_of(one["clientOrderId"])
    assert intent is not None
    return intent.strategy, intent.cell
