"""The simulated exchange, which also writes down when it tells of each fill and of each new order of ours.

`python -m tests.bench.stamped_venue FILE`, otherwise as `python -m core.paper`. A line of FILE: nanoseconds of the
steady clock, what happened, client order id. The time is taken before the event is handed to any stream: for a new
order, when it has been accepted and kept.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import core.paper.__main__ as paper
from core.paper.engine.exchange import Event
from core.paper.server.venue import Venue

Events = list[tuple[int, Event]]


class StampedVenue(Venue):
    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.hub.publish_user = stamping(self.hub.publish_user, Path(sys.argv[1]))  # type: ignore[method-assign]


def stamping(publish: Callable[[Events], None], file: Path) -> Callable[[Events], None]:
    out = file.open("a", buffering=1 << 16)

    def stamp_and_publish(events: Events) -> None:
        moment = time.monotonic_ns()
        publish(events)
        lines = [f"{moment} {kind} {event['o']['c']}\n" for _, event in events if (kind := _kind(event))]
        if lines:
            out.write("".join(lines))
            out.flush()

    return stamp_and_publish


def _kind(event: Event) -> str | None:
    """FILLED or NEW, of an order of ours."""
    order = event["o"] if event["e"] == "ORDER_TRADE_UPDATE" else None
    if order is None or not order["c"].startswith("gk") or order["X"] != ("NEW" if order["x"] == "NEW" else "FILLED"):
        return None
    return str(order["X"])


if __name__ == "__main__":
    paper.Venue = StampedVenue  # type: ignore[misc]
    sys.exit(paper.main())
