"""Every row that is on its way, for whoever reads the trace of a run that failed."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from core.models import GridCell, GridOrder, GridStrategy


def described(session: Any) -> Iterator[str]:
    for row in session.scalars(select(GridStrategy)):
        yield (
            f"strategy {row.id} {row.status} {row.strategy_type} run {row.generation} position {row.position} "
            f"pool {row.pool_quantity} change {row.change and row.change['stage']} close {row.close_on_end} "
            f"waits for {row.waiting_for!r}"
        )
    for cell in session.scalars(select(GridCell)):
        yield (
            f"cell {cell.id} of {cell.strategy_id}/{cell.generation}{' dropped' if cell.dropped else ''}: "
            f"{cell.opening_side} {cell.quantity} holds {cell.held}, "
            f"next {cell.next_side} {cell.next_quantity} at {cell.next_try_at} {cell.gap_reason!r} "
            f"awaits {cell.awaits_inventory}"
        )
    for order in session.scalars(select(GridOrder)):
        if order.status not in ("FILLED", "CANCELED") or order.booked_quantity != order.filled_quantity:
            yield (
                f"order {order.client_order_id} {order.status} {order.side} {order.quantity} at {order.price} "
                f"filled {order.filled_quantity} booked {order.booked_quantity} attempts {order.attempts} "
                f"checked at {order.next_check_at} {order.last_error!r}"
            )
