"""A strategy's ETag is the version of its parameters."""

from flask import request

from web.blueprint import abort


def etag_of(version: int) -> dict[str, str]:
    """The header."""
    return {"ETag": f'"{version}"'}


def require_if_match() -> None:
    """428 without the header."""
    if not request.if_match:
        abort(428, message="If-Match is needed: the ETag of the strategy that you saw.")


def require_match(version: int) -> None:
    """412 where the client has seen another version."""
    if not request.if_match.contains(str(version)):
        abort(412, message="The strategy was changed meanwhile: read it again.")
