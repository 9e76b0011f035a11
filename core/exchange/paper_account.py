"""Opens accounts at the simulated exchange: the one thing that a real venue does not do over its API."""

from dataclasses import dataclass, field
from decimal import Decimal

import httpx

from core.config import settings
from core.errors import VenueUnavailable

OPENING_BALANCE = Decimal(10000)  # USDT


@dataclass(frozen=True, slots=True)
class NewAccount:
    api_key: str
    api_secret: str = field(repr=False)


def open_paper_account(balance: Decimal = OPENING_BALANCE) -> NewAccount:
    """A new account with `balance` USDT. Raises VenueUnavailable."""
    url = f"{settings().paper_url}/paper/v1/accounts"
    try:
        answer = httpx.post(url, json={"balance": format(balance, "f")}, timeout=2.0, trust_env=False)
        content = answer.raise_for_status().json()
        return NewAccount(api_key=content["apiKey"], api_secret=content["secretKey"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise VenueUnavailable(f"the simulated exchange opened no account: {type(error).__name__}") from None
