"""An account's credentials, still encrypted."""

from core.exchange import Credentials
from core.models import ExchangeApi
from core.vault import Secret


def place_of(account_id: int, field: str) -> str:
    """Where a ciphertext of an account belongs; `field` is api_key or api_secret."""
    return f"exchange_apis:{account_id}:{field}"


def credentials_of(row: ExchangeApi) -> Credentials:
    return Credentials(
        api_key=Secret(row.api_key, place_of(row.id, "api_key")),
        api_secret=Secret(row.api_secret, place_of(row.id, "api_secret")),
        key_type="ED25519" if row.key_type == "ED25519" else "HMAC",
    )
