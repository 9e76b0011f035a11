"""The venues and where they listen. They differ in nothing but addresses and the windows that the settings give."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.config import settings
from core.errors import NotFound


@dataclass(frozen=True, slots=True)
class VenueAddress:
    """Base addresses without a path. `wallet` is the host that tells a key's rights, empty where there is none."""

    rest: str
    trading: str
    streams: str
    wallet: str = ""


_LIVE = {
    "binance": VenueAddress(
        rest="https://fapi.binance.com",
        trading="wss://ws-fapi.binance.com",
        streams="wss://fstream.binance.com",
        wallet="https://api.binance.com",
    ),
    "binance-testnet": VenueAddress(
        rest="https://demo-fapi.binance.com",
        trading="wss://testnet.binancefuture.com",
        streams="wss://fstream.binancefuture.com",
    ),
}


class _Venues(Mapping[str, VenueAddress]):
    """The simulated exchange's address comes from the settings, so it is looked up and not kept."""

    def __getitem__(self, exchange: str) -> VenueAddress:
        return _paper() if exchange == "paper" else _LIVE[exchange]

    def __iter__(self) -> Iterator[str]:
        return iter(("paper", *_LIVE))

    def __len__(self) -> int:
        return 1 + len(_LIVE)


VENUES: Mapping[str, VenueAddress] = _Venues()


def _paper() -> VenueAddress:
    rest = settings().paper_url
    sockets = "ws" + rest.removeprefix("http")
    return VenueAddress(rest=rest, trading=sockets, streams=sockets)


def address_of(exchange: str) -> VenueAddress:
    """Raises NotFound("unknown_exchange")."""
    if exchange not in VENUES:
        raise NotFound("unknown_exchange", f"there is no exchange {exchange!r}; known are {', '.join(VENUES)}")
    return VENUES[exchange]
