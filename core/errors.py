"""Every error of ours, cut by what the caller must do.

GridkeeperError
├── Refused               tell the user; nothing was changed        (4xx)
│   ├── Invalid             a field is wrong: says which and its range (422)
│   ├── NotFound            no such object, or not this user's         (404)
│   ├── Conflict            not in this state, or somebody was first   (409)
│   ├── Halted              a switch is thrown: somebody must release it (423)
│   ├── NeedsPassword       only with the user's password              (403)
│   └── Unauthorized        log in again                               (401)
├── Unavailable           try again later; nothing was changed      (503)
│   ├── VenueUnavailable    the exchange did not answer, or not in time
│   └── DatabaseUnavailable
├── VenueRefused          the exchange answered no, for certain: its code and words
├── ConfigurationError    the operator must mend the environment before anything starts
└── ImpossibleState       a bug or a damaged ledger: stop and call a human
"""

from collections.abc import Mapping, Sequence


class GridkeeperError(Exception):
    """Root of the tree above."""


class Refused(GridkeeperError):
    """The request can't be done as it stands. `reason` is for machines, `message` for people."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Invalid(Refused):
    """One or more fields are wrong. `fields` maps a field's name to sentences that name the allowed range."""

    def __init__(self, reason: str, message: str, fields: Mapping[str, Sequence[str]] | None = None) -> None:
        super().__init__(reason, message)
        self.fields = {name: list(texts) for name, texts in (fields or {}).items()}


class NotFound(Refused):
    pass


class Conflict(Refused):
    pass


class Halted(Refused):
    pass


class NeedsPassword(Refused):
    pass


class Unauthorized(Refused):
    pass


class Unavailable(GridkeeperError):
    """A part that is needed did not answer. `reason` is for machines, `message` for people."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class VenueUnavailable(Unavailable):
    def __init__(self, message: str, reason: str = "venue_unavailable") -> None:
        super().__init__(reason, message)


class DatabaseUnavailable(Unavailable):
    def __init__(self, message: str = "the database does not answer") -> None:
        super().__init__("database_unavailable", message)


class VenueRefused(GridkeeperError):
    """The exchange refused a request for certain. `code` is its own (negative) error code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class ConfigurationError(GridkeeperError):
    pass


class ImpossibleState(GridkeeperError):
    pass
