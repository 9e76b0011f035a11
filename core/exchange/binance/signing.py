"""Signatures. REST signs its parameters percent-encoded in the order sent, the WebSocket API sorted by name.

The secret is revealed here, at the moment of signing, and is not kept.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from core.exchange.credentials import Credentials, ed25519_key

Params = Mapping[str, str | int]


def query_of(params: Params) -> str:
    """Percent-encoded as UTF-8, because symbols need not be ASCII."""
    return urlencode(params, quote_via=quote, safe="")


def signature_of(credentials: Credentials, payload: str) -> str:
    """HMAC-SHA256 in hex, or Ed25519 in base64."""
    secret = credentials.api_secret.reveal()
    if credentials.key_type == "ED25519":
        return b64encode(ed25519_key(secret).sign(payload.encode())).decode()
    return hmac.digest(secret.encode(), payload.encode(), hashlib.sha256).hex()


def signed_query(credentials: Credentials, params: Params) -> str:
    """The query string of a signed REST request: the signature is its last parameter."""
    payload = query_of(params)
    return f"{payload}&{query_of({'signature': signature_of(credentials, payload)})}"


def signed_params(credentials: Credentials, params: Params) -> dict[str, str | int]:
    """The parameters of a signed WebSocket request, with the key and the signature."""
    named = dict(sorted({**params, "apiKey": credentials.api_key.reveal()}.items()))
    return {**named, "signature": signature_of(credentials, query_of(named))}
