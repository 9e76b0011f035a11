"""What a running grid is to become, as it stands in the strategy's row while the change is under way: decided once, so
that a restart in the middle decides nothing anew."""

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from core.domain.order import Side
from core.domain.parameters import Parameters
from core.domain.plan import PlannedCell
from core.strategies.parameters import parameters_as_json, parameters_from_json


class Stage(StrEnum):
    CANCELLING = "CANCELLING"  # what is to go or to be resized is cancelled to a final state
    LEVERAGE = "LEVERAGE"  # nothing of that is live any more: the venue is told the new leverage
    APPLYING = "APPLYING"  # and has taken it
    SETTLING = "SETTLING"  # the cells are the new ones: inventory is traded, orders are accepted


@dataclass(frozen=True, slots=True)
class Wanted:
    """`price` (quote) is the one that it was planned at. `steps`: of trailing, up positive; 0 for any other change.
    With `keeps_lines` a range that has trailed stays on its ladder. `because`: the cause, for people."""

    parameters: Parameters
    cells: tuple[PlannedCell, ...]
    price: Decimal
    budget: Decimal | None
    per_grid_amount: Decimal | None
    keeps_lines: bool
    because: str
    steps: int = 0
    stage: Stage = Stage.CANCELLING

    def at(self, stage: Stage) -> "Wanted":
        return replace(self, stage=stage)

    def as_json(self) -> dict[str, Any]:
        return {
            "parameters": parameters_as_json(self.parameters),
            "cells": [_cell_as_json(cell) for cell in self.cells],
            "price": format(self.price, "f"),
            "budget": _plain(self.budget),
            "per_grid_amount": _plain(self.per_grid_amount),
            "keeps_lines": self.keeps_lines,
            "because": self.because,
            "steps": self.steps,
            "stage": self.stage.value,
        }


def wanted_from(values: dict[str, Any]) -> Wanted:
    return Wanted(
        parameters=parameters_from_json(values["parameters"]),
        cells=tuple(_cell_from_json(index, cell) for index, cell in enumerate(values["cells"])),
        price=Decimal(values["price"]),
        budget=_exact(values["budget"]),
        per_grid_amount=_exact(values["per_grid_amount"]),
        keeps_lines=values["keeps_lines"],
        because=values["because"],
        steps=values["steps"],
        stage=Stage(values["stage"]),
    )


def _cell_as_json(cell: PlannedCell) -> list[Any]:
    prices = [format(price, "f") for price in (cell.lower, cell.upper, cell.opening_price, cell.quantity)]
    return [*prices, cell.opening_side.value, cell.first_side.value, cell.needs_inventory]


def _cell_from_json(index: int, values: list[Any]) -> PlannedCell:
    lower, upper, opening_price, quantity = map(Decimal, values[:4])
    opening_side, first_side, needs_inventory = values[4:]
    return PlannedCell(
        cell_index=index,
        lower=lower,
        upper=upper,
        opening_side=Side(opening_side),
        first_side=Side(first_side),
        needs_inventory=needs_inventory,
        opening_price=opening_price,
        quantity=quantity,
    )


def _plain(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount, "f")


def _exact(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
