"""A strategy's parameters: as they are given, as the domain sees them, in the row, and as JSON in an operation."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

from core.config import settings
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
OPTIONS = ("name", "close_position_on_stop", "profit_collection", "adaptive", "nudge")  # given beside them
# Ways to say one thing: who gives one of them takes back the others.
_ALTERNATIVES = (
    ("grid_number", "grid_spacing", "grid_spacing_pct"),
    ("stop_loss", "stop_loss_pct"),
    ("take_profit", "take_profit_pct"),
)


def parameters_from(fields: Mapping[str, Any]) -> Parameters:
    """Of a new strategy; what is missing or None takes its default."""
    given = {name: value for name, value in fields.items() if value is not None and name not in OPTIONS}
    return Parameters(**{"strategy_type": StrategyType.NEUTRAL, "reserve": settings().grid_reserve, **given})


def merged(row: GridStrategy, changes: Mapping[str, Any]) -> Parameters:
    """The strategy's parameters with `changes`, of which None takes a parameter away."""
    changed = {name: value for name, value in changes.items() if name not in OPTIONS}
    for ways in _ALTERNATIVES:
        if any(changed.get(name) is not None for name in ways):
            changed = {name: None for name in ways if name not in changed} | changed
    if changed.get("grid_type", GridType.CUSTOM) is not GridType.CUSTOM:
        changed.setdefault("lines", None)
    return replace(parameters_of(row), **changed)


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
