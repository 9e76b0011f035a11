"""A request's parameters: texts, parsed on demand, with the venue's refusals for what is missing or malformed."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from core.paper.engine.refusals import refusal

_BOOLEANS = {"true": True, "false": False}


class Params:
    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values

    def has(self, name: str) -> bool:
        return bool(self.values.get(name))

    def text(self, name: str, default: str | None = None) -> str:
        """-1102 where it is missing and has no default."""
        found = self.values.get(name) or default
        if found is None:
            raise refusal(-1102, name=name)
        return found

    def optional(self, name: str) -> str:
        return self.values.get(name, "")

    def choice(self, name: str, allowed: tuple[str, ...], code: int, default: str | None = None) -> str:
        """Refuses with `code` what is not among `allowed`."""
        found = self.text(name, default)
        if found not in allowed:
            raise refusal(code, name=name)
        return found

    def integer(self, name: str, default: int | None = None) -> int:
        found = self.text(name, None if default is None else str(default))
        try:
            return int(found)
        except ValueError:
            raise refusal(-1102, name=name) from None

    def maybe_integer(self, name: str) -> int | None:
        return self.integer(name) if self.has(name) else None

    def decimal(self, name: str) -> Decimal:
        try:
            number = Decimal(self.text(name))
        except InvalidOperation:
            raise refusal(-1102, name=name) from None
        if not number.is_finite():
            raise refusal(-1102, name=name)
        return number

    def flag(self, name: str, default: bool | None = False) -> bool:
        found = self.values.get(name, "").lower()
        if not found and default is not None:
            return default
        if found not in _BOOLEANS:
            raise refusal(-1102, name=name)
        return _BOOLEANS[found]

    def limit(self, default: int, most: int) -> int:
        return max(1, min(self.integer("limit", default), most))

    def refuse(self, *names: str) -> None:
        """-1106 for what may not be sent here."""
        for name in names:
            if self.has(name):
                raise refusal(-1106, name=name)
