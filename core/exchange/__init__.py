"""The only room that talks to venues. Everything here is made by the functions below, from a venue's name."""

import httpx

from core.config import settings
from core.exchange.base import AccountApi, MarkStream, PublicApi, TradingConnection, UserStream
from core.exchange.binance.account import BinanceAccountApi
from core.exchange.binance.public import BinancePublicApi
from core.exchange.binance.rest import READ_TIMEOUT, RestClient, tls
from core.exchange.binance.streams import BinanceMarkStream, BinanceUserStream
from core.exchange.binance.trading import BinanceTradingConnection
from core.exchange.binance.weights import Share
from core.exchange.credentials import Credentials, KeyType, key_type_of
from core.exchange.venue_clock import venue_clock, venue_now_ms
from core.exchange.venues import VENUES, VenueAddress, address_of

__all__ = [
    "VENUES",
    "Credentials",
    "KeyType",
    "VenueAddress",
    "account_api",
    "address_of",
    "key_type_of",
    "mark_stream",
    "preload",
    "public_api",
    "trading_connection",
    "user_stream",
    "venue_now_ms",
]


def preload() -> None:
    """For processes that fork, before they do: what every child would load for itself. Opens no connection."""
    httpx.Client(verify=tls()).close()
    "localhost".encode("idna")  # as each look-up of a name does


def public_api(exchange: str, read_timeout: float = READ_TIMEOUT, *, routine: bool = False) -> PublicApi:
    """The venue's public side. `read_timeout` in seconds, per request; `routine` as of an account's.

    Raises NotFound("unknown_exchange").
    """
    share = Share.ROUTINE if routine else Share.NEEDED
    return BinancePublicApi(RestClient(address_of(exchange).rest, read_timeout=read_timeout, share=share))


def account_api(
    exchange: str, credentials: Credentials, read_timeout: float = READ_TIMEOUT, *, routine: bool = False
) -> AccountApi:
    """An account's signed REST side; `routine` requests leave half of the address's limit to what can't wait.

    Raises NotFound("unknown_exchange").
    """
    address = address_of(exchange)
    share = Share.ROUTINE if routine else Share.NEEDED
    return BinanceAccountApi(
        RestClient(address.rest, read_timeout=read_timeout, share=share),
        RestClient(address.wallet, read_timeout=read_timeout) if address.wallet else None,
        credentials,
        venue_clock(exchange),
        settings().recv_window_ms(exchange),
    )


def trading_connection(exchange: str, credentials: Credentials) -> TradingConnection:
    """A connection of the caller's own; shared ones come from the pool. Raises NotFound("unknown_exchange")."""
    url = f"{address_of(exchange).trading}/ws-fapi/v1"
    return BinanceTradingConnection(url, credentials, venue_clock(exchange), settings().recv_window_ms(exchange))


def user_stream(exchange: str, api_key: str) -> UserStream:
    """An open stream of an account's order events. Raises NotFound, VenueUnavailable and VenueRefused."""
    address = address_of(exchange)
    return BinanceUserStream(RestClient(address.rest), address.streams, api_key)


def mark_stream(exchange: str) -> MarkStream:
    """An open stream of the venue's mark prices. Raises NotFound and VenueUnavailable."""
    return BinanceMarkStream(address_of(exchange).streams)
