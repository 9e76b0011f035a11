"""Client order ids: a pure function of the order's row, signed so that look-alikes are never adopted.

`gk<installation>-<era>-<strategy>-<cell>-<sequence><purpose>-<mac>`, numbers in base 36, at most 36 characters of
the venue's alphabet `[.A-Z:/a-z0-9_-]`.
"""

import hmac
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.domain.order import Purpose
from core.errors import ImpossibleState
from core.models import Installation

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_LETTER = {
    Purpose.OPEN: "O",
    Purpose.COUNTER: "C",
    Purpose.INVENTORY: "I",
    Purpose.CLOSE: "X",
    Purpose.STOP_LOSS: "S",
    Purpose.TAKE_PROFIT: "T",
}
_MAC_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes an id ours. `era` changes after a restore, so that no id of a lost future comes back."""

    name: str
    era: int
    key: bytes

    def client_order_id(self, strategy_id: int, cell_index: int | None, sequence: int, purpose: Purpose) -> str:
        cell = "m" if cell_index is None else _base36(cell_index)
        body = f"gk{self.name}-{_base36(self.era)}-{_base36(strategy_id)}-{cell}-{_base36(sequence)}{_LETTER[purpose]}"
        made = f"{body}-{self._mac(body)}"
        if len(made) > 36:
            raise ImpossibleState(f"client order id {made} is longer than the venue takes")
        return made

    def strategy_of(self, client_order_id: str) -> int | None:
        """The strategy an id of ours belongs to, of whatever era; None for anybody else's."""
        body, _, mac = client_order_id.rpartition("-")
        parts = body.split("-")
        if len(parts) != 5 or parts[0] != f"gk{self.name}" or not hmac.compare_digest(mac, self._mac(body)):
            return None
        return int(parts[2], 36)

    def _mac(self, body: str) -> str:
        return hmac.digest(self.key, body.encode(), "sha256").hex()[:_MAC_LENGTH]


_known: dict[str, Identity] = {}


def identity(session: Session) -> Identity:
    """This installation's, read once per process and database."""
    url = str(session.get_bind().engine.url)
    if url not in _known:
        row = session.scalars(select(Installation)).one()
        _known[url] = Identity(row.name, row.era, bytes.fromhex(row.id_key))
    return _known[url]


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
        if not number:
            return digits
