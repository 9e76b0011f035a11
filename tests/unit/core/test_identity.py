"""What a client order id says is what was put into it."""

import pytest

from core.domain.order import Purpose
from core.execution.identity import Identity, Named

IDENTITY = Identity("t3st", b"k" * 32)
CELLS = (0, 9, 10, 21, 22, 23, 35, 36, 199, 812)


@pytest.mark.parametrize("purpose", [Purpose.OPEN, Purpose.COUNTER])
@pytest.mark.parametrize("cell_index", CELLS)
def test_an_id_names_its_cell(cell_index: int, purpose: Purpose) -> None:
    named = Named(7, cell_index, 24, purpose)
    assert IDENTITY.read(IDENTITY.client_order_id(1, named)) == named


@pytest.mark.parametrize("purpose", [Purpose.INVENTORY, Purpose.CLOSE, Purpose.STOP_LOSS, Purpose.TAKE_PROFIT])
def test_an_id_of_an_order_without_a_cell_names_none(purpose: Purpose) -> None:
    named = Named(7, None, 24, purpose)
    assert IDENTITY.read(IDENTITY.client_order_id(1, named)) == named


@pytest.mark.parametrize("made_by_others", ["", "x-gk", "gkt3st-1-7-m-oO-00000000", "gkt3st-1-7-m-oO", "web_Ab12"])
def test_whatever_is_not_signed_by_us_is_not_ours(made_by_others: str) -> None:
    assert IDENTITY.read(made_by_others) is None
