"""Client order ids: a pure function of the order's row, signed so that look-alikes are never adopted.

`gk<installation>-<era>-<strategy>-<cell>-<sequence><purpose>-<mac>`, numbers in base 36, at most 36 characters of
the venue's alphabet `[.A-Z:/a-z0-9_-]`. An order of no cell says `m`, which is cell 22 as well: the purpose tells.
"""

import hmac
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.db import database_of
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
_PURPOSE = {letter: purpose for purpose, letter in _LETTER.items()}
_OF_CELLS = (Purpose.OPEN, Purpose.COUNTER)
_MAC_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Named:
    """What an id of ours says of its order."""

    strategy_id: int
    cell_index: int | None
    sequence: int
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes an id ours."""

    name: str
    key: bytes

    def client_order_id(self, era: int, named: Named) -> str:
        """`era` changes after a restore, so that no id of a lost future comes back."""
        cell = "m" if named.cell_index is None else _base36(named.cell_index)
        last = f"{_base36(named.sequence)}{_LETTER[named.purpose]}"
        body = f"gk{self.name}-{_base36(era)}-{_base36(named.strategy_id)}-{cell}-{last}"
        made = f"{body}-{self._mac(body)}"
        if len(made) > 36:
            raise ImpossibleState(f"client order id {made} is longer than the venue takes")
        return made

    def strategy_of(self, client_order_id: str) -> int | None:
        """The strategy an id of ours belongs to, of whatever era; None for anybody else's."""
        named = self.read(client_order_id)
        return None if named is None else named.strategy_id

    def read(self, client_order_id: str) -> Named | None:
        """What an id of ours says, of whatever era; None for anybody else's."""
        body, _, mac = client_order_id.rpartition("-")
        parts = body.split("-")
        if len(parts) != 5 or parts[0] != f"gk{self.name}" or not hmac.compare_digest(mac, self._mac(body)):
            return None
        purpose = _PURPOSE[parts[4][-1]]
        cell_index = int(parts[3], 36) if purpose in _OF_CELLS else None
        return Named(int(parts[2], 36), cell_index, int(parts[4][:-1], 36), purpose)

    def _mac(self, body: str) -> str:
        return hmac.digest(self.key, body.encode(), "sha256").hex()[:_MAC_LENGTH]


_known: dict[str, Identity] = {}


def identity(session: Session) -> Identity:
    """This installation's, read once per process and database."""
    url = database_of(session)
    if url not in _known:
        row = session.scalars(select(Installation)).one()
        _known[url] = Identity(row.name, bytes.fromhex(row.id_key))
    return _known[url]


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
        if not number:
            return digits
