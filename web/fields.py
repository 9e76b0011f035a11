"""The fields of the API: exact numbers as strings, strict integers, clean text, UTC times."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal as Exact
from typing import Any

import marshmallow as ma

from core.clock import from_ms
from core.domain.exact import PRECISE

# Not `$`: it lets a newline through.
DECIMAL = r"^-?[0-9]{1,18}(\.[0-9]{1,18})?\Z"
_DECIMAL = re.compile(DECIMAL)
_WHOLE = re.compile(r"^-?[0-9]{1,9}\Z")
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
# Characters that change how a text is shown without being seen.
_HIDDEN = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


class Decimal(ma.fields.Field[Exact]):
    """A `decimal.Decimal`, in and out as a string in plain notation."""

    default_error_messages = {  # noqa: RUF012
        "text": 'Must be a decimal in a string, such as "0.001"; a JSON number is not exact.',
        "rule": "Must be a plain decimal: at most 18 digits before the point and 18 after it, no exponent.",
        "negative_zero": "Must not be negative zero.",
    }

    def __init__(self, *, places: int | None = None, **kwargs: Any) -> None:
        """`places` rounds what goes out: for quotients, which have no last digit. Money is never rounded."""
        super().__init__(metadata={"example": "0.001", **kwargs.pop("metadata", {})}, **kwargs)
        self._unit = None if places is None else Exact(1).scaleb(-places)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        if value is None:
            return None
        return plain(value if self._unit is None else PRECISE.quantize(value, self._unit))

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Exact:
        if not isinstance(value, str):
            raise self.make_error("text")
        if not _DECIMAL.match(value):
            raise self.make_error("rule")
        number = Exact(value)
        if number.is_zero() and number.is_signed():
            raise self.make_error("negative_zero")
        return number


def plain(value: Exact) -> str:
    """Without an exponent, and without a zero's sign."""
    return format(abs(value) if value.is_zero() else value, "f")


class Integer(ma.fields.Integer):
    """A JSON integer: 5 and 5.0, but not "5", true or 5.5."""

    default_error_messages = {"invalid": "Must be a whole number, not in a string."}  # noqa: RUF012

    def _validated(self, value: Any) -> int:
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not whole:
            raise self.make_error("invalid")
        return int(value)


class QueryInteger(ma.fields.Integer):
    """An integer in a query string."""

    default_error_messages = {"invalid": "Must be a whole number of at most nine digits."}  # noqa: RUF012

    def _validated(self, value: Any) -> int:
        if not isinstance(value, str) or not _WHOLE.match(value):
            raise self.make_error("invalid")
        return int(value)


class Flag(ma.fields.Boolean):
    """true or false, nothing that looks like it."""

    default_error_messages = {"invalid": "Must be true or false."}  # noqa: RUF012

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class Text(ma.fields.String):
    """One line of text without control and hidden characters. `most` counts characters."""

    default_error_messages = {"hidden": "Must not contain control or hidden characters."}  # noqa: RUF012

    def __init__(self, *, least: int = 0, most: int, lines: bool = False, **kwargs: Any) -> None:
        super().__init__(validate=ma.validate.Length(min=least, max=most), **kwargs)
        self._allowed = "\r\n" if lines else ""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if any(character not in self._allowed and _is_hidden(character) for character in text or ""):
            raise self.make_error("hidden")
        return text or ""


def _is_hidden(character: str) -> bool:
    return character in _HIDDEN or unicodedata.category(character) in ("Cc", "Cs")


class Moment(ma.fields.Field[datetime]):
    """An ISO 8601 time; without a zone it is taken as UTC."""

    default_error_messages = {  # noqa: RUF012
        "invalid": 'Must be an ISO 8601 time between 2000 and 2200, such as "2026-11-22T08:00:00Z".'
    }

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else iso(value)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        try:
            moment = datetime.fromisoformat(value)
            moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (TypeError, ValueError, OverflowError):
            raise self.make_error("invalid") from None
        if not _EARLIEST <= moment < _LATEST:
            raise self.make_error("invalid")
        return moment


def iso(moment: datetime) -> str:
    """UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Milliseconds(ma.fields.Field[int]):
    """Milliseconds since 1970 inside, an ISO 8601 time outside."""

    def _serialize(self, value: int | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else iso(from_ms(value))
