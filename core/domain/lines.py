"""The lines of a grid: prices on the tick, rounded exactly, and how many of them a range can hold."""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from itertools import pairwise, takewhile

from core.domain.exact import PRECISE, multiple, nearest_to, to_decimal
from core.domain.parameters import GridType, Parameters
from core.domain.symbol_rules import SymbolRules
from core.errors import Invalid

MIN_CELLS = 2
MAX_CELLS = 200

Ladder = Callable[[int], Decimal]
_HALF = Decimal("0.5")
_DOUBT = Decimal("1e-20")  # far wider than what 60 digits round, far narrower than a tick


def resolve(parameters: Parameters, rules: SymbolRules) -> Parameters:
    """With range and number of cells settled: the lines follow from the result alone, and resolving it changes nothing.

    A spacing decides over a number: N is then the number of whole cells that fit, and the upper price moves to the
    last of them. Raises Invalid for a range that is none, and for a number of cells outside 2..200.
    """
    if parameters.grid_type is GridType.CUSTOM:
        return _resolve_custom(parameters)
    if not 0 < parameters.lower_price < parameters.upper_price:
        raise _invalid("range_invalid", "upper_price", "the upper price must be above the lower one, both above 0")
    if parameters.count_field == "grid_number" or _is_settled(parameters, rules):
        return _with_number(parameters, parameters.grid_number or 0)
    settled = _with_number(parameters, _cells_that_fit(parameters))
    return replace(settled, upper_price=_moved_upper(settled, rules))


def grid_lines(parameters: Parameters, rules: SymbolRules) -> tuple[Decimal, ...]:
    """The N+1 rising prices p_0..p_N. Raises Invalid where two are equal, naming the largest N that the range holds."""
    settled = resolve(parameters, rules)
    if settled.grid_type is GridType.CUSTOM:
        return _custom_lines(settled, rules)
    number = settled.grid_number or 0
    line = ladder(settled, rules)
    lines = tuple(line(index) for index in range(number + 1))
    if lines[0] <= 0:
        raise _invalid("range_invalid", "lower_price", f"the lower price must be at least one tick: {rules.tick_size}")
    if is_rising(lines):
        return lines
    largest = most_lines_apart(settled, rules, number - 1)
    message = f"{number} cells are too dense for a tick of {rules.tick_size}: two lines fall on the same price"
    hint = "the range holds no grid" if largest is None else f"the largest possible number of cells is {largest}"
    raise _invalid("lines_equal", parameters.count_field, f"{message}; {hint}")


def ladder(settled: Parameters, rules: SymbolRules) -> Ladder:
    """The price of the line with any index: 0..N are the grid's own, the others continue it, for trailing."""
    if settled.grid_type is GridType.GEOMETRIC:
        return _geometric(settled.lower_price, settled.upper_price, settled.grid_number or 0, rules.tick_size)
    return _arithmetic(settled.lower_price, settled.upper_price, settled.grid_number or 0, rules.tick_size)


def is_rising(lines: Iterable[Decimal]) -> bool:
    return all(lower < upper for lower, upper in pairwise(lines))


def most_lines_apart(settled: Parameters, rules: SymbolRules, limit: int) -> int | None:
    """The largest number of cells up to `limit` whose lines all differ; None where not even two do."""
    ticks = math.ceil((settled.upper_price - settled.lower_price) / rules.tick_size) + 1
    for number in range(min(limit, ticks), MIN_CELLS - 1, -1):
        if is_rising(map(ladder(replace(settled, grid_number=number), rules), range(number + 1))):
            return number
    return None


def spacing_of(parameters: Parameters, number: int, field: str) -> Fraction:
    """The spacing that divides the range into `number` cells, in the unit of `field`."""
    lower, upper = Fraction(parameters.lower_price), Fraction(parameters.upper_price)
    if parameters.grid_type is GridType.GEOMETRIC:
        return (Fraction(_ratio(parameters.lower_price, parameters.upper_price, number)) - 1) * 100
    amount = (upper - lower) / number
    return amount if field == "grid_spacing" else amount / lower * 100


def _resolve_custom(parameters: Parameters) -> Parameters:
    lines = parameters.lines or ()
    number = len(lines) - 1
    if not MIN_CELLS <= number <= MAX_CELLS or lines[0] <= 0 or not is_rising(lines):
        message = f"lines must be {MIN_CELLS + 1} to {MAX_CELLS + 1} prices above 0, each above the one before"
        raise _invalid("lines_invalid", "lines", message)
    return replace(parameters, lower_price=lines[0], upper_price=lines[-1], grid_number=number)


def _custom_lines(settled: Parameters, rules: SymbolRules) -> tuple[Decimal, ...]:
    lines = tuple(rules.round_price(line) for line in settled.lines or ())
    if is_rising(lines) and lines[0] > 0:
        return lines
    message = f"two lines fall on the same price, rounded to a tick of {rules.tick_size}"
    largest = len(set(lines) - {Decimal(0)}) - 1
    raise _invalid("lines_equal", "lines", f"{message}; the largest possible number of cells is {largest}")


def _with_number(parameters: Parameters, number: int) -> Parameters:
    if MIN_CELLS <= number <= MAX_CELLS:
        return replace(parameters, grid_number=number)
    field = parameters.count_field
    if field == "grid_number":
        message = f"grid_number must be between {MIN_CELLS} and {MAX_CELLS}"
    else:
        least, most = (_show(spacing_of(parameters, count, field)) for count in (MAX_CELLS, MIN_CELLS))
        message = f"{field} must be between {least} and {most}, for {MIN_CELLS} to {MAX_CELLS} cells"
    raise _invalid("grid_number_out_of_range", field, message)


def _show(spacing: Fraction) -> str:
    """To 8 digits: for a sentence, not for an order."""
    return format(to_decimal(spacing).normalize(Context(prec=8)), "f")


def _cells_that_fit(parameters: Parameters) -> int:
    """At most one more than allowed: a tiny percentage must not count for ever."""
    lower, upper = Fraction(parameters.lower_price), Fraction(parameters.upper_price)
    if parameters.grid_type is GridType.ARITHMETIC:
        amount = _amount(parameters)
        return math.floor((upper - lower) / amount) if amount > 0 else 0
    ratio = 1 + Fraction(parameters.grid_spacing_pct or 0) / 100
    if ratio <= 1:
        return 0
    prices = (lower * ratio**number for number in range(1, MAX_CELLS + 2))
    return sum(1 for _ in takewhile(lambda price: price <= upper, prices))


def _is_settled(parameters: Parameters, rules: SymbolRules) -> bool:
    """Whether a spacing has been turned into a number and an upper price already."""
    known = parameters.grid_number is not None and MIN_CELLS <= parameters.grid_number <= MAX_CELLS
    return known and _moved_upper(parameters, rules) == parameters.upper_price


def _moved_upper(parameters: Parameters, rules: SymbolRules) -> Decimal:
    lower, number = Fraction(parameters.lower_price), parameters.grid_number or 0
    if parameters.grid_type is GridType.ARITHMETIC:
        return nearest_to(lower + _amount(parameters) * number, rules.tick_size)
    return nearest_to(lower * (1 + Fraction(parameters.grid_spacing_pct or 0) / 100) ** number, rules.tick_size)


def _amount(parameters: Parameters) -> Fraction:
    """An ARITHMETIC grid's spacing in quote: given so, or as a percentage of the lower price."""
    if parameters.grid_spacing is not None:
        return Fraction(parameters.grid_spacing)
    return Fraction(parameters.lower_price) * Fraction(parameters.grid_spacing_pct or 0) / 100


def _arithmetic(lower: Decimal, upper: Decimal, number: int, tick: Decimal) -> Ladder:
    first, spacing = Fraction(lower), (Fraction(upper) - Fraction(lower)) / number
    return lambda index: nearest_to(first + spacing * index, tick)


def _ratio(lower: Decimal, upper: Decimal, number: int) -> Decimal:
    with localcontext(PRECISE):
        return ((upper / lower).ln() / number).exp()


def _geometric(lower: Decimal, upper: Decimal, number: int, tick: Decimal) -> Ladder:
    """Roots to 60 digits; where those can't tell on which side of half a tick a line lies, whole numbers do."""
    ratio = _ratio(lower, upper, number)
    low, high = Fraction(lower) / Fraction(tick), Fraction(upper) / Fraction(tick)

    def reaches(ticks: Fraction, index: int) -> bool:
        return low ** (number - index) * high**index >= ticks**number

    def line(index: int) -> Decimal:
        with localcontext(PRECISE):
            above_half = lower / tick * ratio**index + _HALF
            ticks = math.floor(above_half + _DOUBT)
            certain = math.floor(above_half - _DOUBT) == ticks
        if not certain and not reaches(ticks - Fraction(1, 2), index):
            ticks -= 1
        return multiple(ticks, tick)

    return line


def _invalid(reason: str, field: str, message: str) -> Invalid:
    return Invalid(reason, message, {field: [message]})
