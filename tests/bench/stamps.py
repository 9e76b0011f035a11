"""From a fill at the venue to its counter-order there, by the stamps of `stamped_venue`."""

from dataclasses import dataclass
from pathlib import Path

Cell = tuple[str, str]  # strategy and cell as a client order id spells them


@dataclass(frozen=True, slots=True)
class Pair:
    """A fill and the counter-order that followed: nanoseconds of the steady clock."""

    filled_at: int
    placed_at: int

    @property
    def milliseconds(self) -> float:
        return (self.placed_at - self.filled_at) / 1e6


class Stamps:
    """Reads on where it stopped; `open_fills` still have no counter-order."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._offset = 0
        self.open_fills: dict[Cell, int] = {}

    def read(self) -> list[Pair]:
        """The pairs completed since the last call."""
        pairs = []
        for moment, kind, client_order_id in self._new_lines():
            cell = cell_of(client_order_id)
            if kind == "FILLED":
                self.open_fills[cell] = moment
            elif cell in self.open_fills:
                pairs.append(Pair(self.open_fills.pop(cell), moment))
        return pairs

    def _new_lines(self) -> list[tuple[int, str, str]]:
        with self._file.open() as lines:
            lines.seek(self._offset)
            text = lines.read()
        whole = text[: text.rfind("\n") + 1]
        self._offset += len(whole)
        return [(int(moment), kind, name) for moment, kind, name in (line.split() for line in whole.splitlines())]


def cell_of(client_order_id: str) -> Cell:
    _, _, strategy, cell, *_ = client_order_id.split("-")
    return strategy, cell
