"""Pages of what is already in memory."""

from collections.abc import Sequence
from typing import Any, TypeVar

T = TypeVar("T")


def page_of(items: Sequence[T], query: dict[str, Any]) -> tuple[list[T], int]:
    """(the items of the page that `query` asks for, how many there are in all)."""
    first = (query["page"] - 1) * query["page_size"]
    return list(items[first : first + query["page_size"]]), len(items)
