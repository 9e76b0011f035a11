"""The key of an account's event stream. It needs the API key only, no signature."""

from typing import Any

from core.exchange.binance import parse
from core.exchange.binance.rest import RestClient

_PATH = "/fapi/v1/listenKey"


def create_listen_key(rest: RestClient, api_key: str) -> str:
    """Creates the account's listen key, or extends and returns the active one."""
    return parse.parsed(_listen_key, rest.request("POST", _PATH, api_key=api_key))


def extend_listen_key(rest: RestClient, api_key: str) -> None:
    """Another hour. Raises VenueRefused (-1125) where there is none left to extend."""
    rest.request("PUT", _PATH, api_key=api_key)


def _listen_key(content: Any) -> str:
    key = content["listenKey"]
    if not isinstance(key, str) or not key:
        raise ValueError("no listen key")
    return key
