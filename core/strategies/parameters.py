"""A strategy's parameters: as the domain sees them, in the row, and as JSON in an operation."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from core.domain.parameters import GridType, MarginType, Parameters, Sizing, StrategyType
from core.models import GridStrategy

_SAME_IN_ROW = (
    "symbol",
    "lower_price",
    "upper_price",
    "grid_number",
    "grid_spacing",
    "grid_spacing_pct",
    "total_investment",
    "leverage",
    "reserve",
    "stop_loss",
    "take_profit",
    "stop_loss_pct",
    "take_profit_pct",
    "trigger_price",
    "cell_loss_limit",
    "trailing_up",
    "trailing_down",
)
_ENUMS = {"grid_type": GridType, "strategy_type": StrategyType, "sizing": Sizing, "margin_type": MarginType}
_NUMBERS = ("grid_number", "leverage")
COLUMNS = (*_SAME_IN_ROW, *_ENUMS, "lines")  # of a strategy's row


def parameters_of(row: GridStrategy) -> Parameters:
    values: dict[str, Any] = {name: getattr(row, name) for name in _SAME_IN_ROW}
    values |= {name: kind(getattr(row, name)) for name, kind in _ENUMS.items()}
    values["lines"] = None if row.lines is None else tuple(Decimal(line) for line in row.lines)
    return Parameters(**values)


def apply_parameters(row: GridStrategy, parameters: Parameters) -> None:
    """Writes them into the row; a count that follows from a spacing is written when the plan is made."""
    if parameters.total_investment != row.total_investment:
        row.reinvested = Decimal(0)  # what a user names is his own
    for name in _SAME_IN_ROW:
        if name != "grid_number" or parameters.grid_number is not None:
            setattr(row, name, getattr(parameters, name))
    for name in _ENUMS:
        setattr(row, name, getattr(parameters, name).value)
    row.lines = None if parameters.lines is None else [format(line, "f") for line in parameters.lines]


def parameters_as_json(parameters: Parameters) -> dict[str, Any]:
    return {name: _plain(value) for name, value in asdict(parameters).items()}


def parameters_from_json(values: dict[str, Any]) -> Parameters:
    typed = {
        name: value if value is None or name in _NUMBERS or name == "symbol" else _typed(name, value)
        for name, value in values.items()
    }
    return Parameters(**typed)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    return [format(line, "f") for line in value] if isinstance(value, tuple) else value


def _typed(name: str, value: Any) -> Any:
    if name in _ENUMS:
        return _ENUMS[name](value)
    return tuple(Decimal(line) for line in value) if name == "lines" else Decimal(value)
