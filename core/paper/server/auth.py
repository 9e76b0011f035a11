"""Who is asking: API keys, signatures and the time window of a request."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from urllib.parse import urlencode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from core.paper.engine.accounts import Account
from core.paper.engine.exchange import Exchange
from core.paper.engine.refusals import refusal
from core.paper.server.params import Params

_KEY_FORMAT = re.compile(r"^[A-Za-z0-9]{64}$")
_SIGNATURE = re.compile(r"(?:^|&)signature=[^&]*")
_DEFAULT_WINDOW_MS = 5000
_LONGEST_WINDOW_MS = 60_000
_AHEAD_MS = 1000


def account_of(exchange: Exchange, api_key: str) -> Account:
    if not _KEY_FORMAT.match(api_key):
        raise refusal(-2014)
    account = exchange.keys.get(api_key)
    if account is None:
        raise refusal(-2015)
    return account


def check_signed(account: Account, params: Params, payloads: Iterable[str], now: int) -> None:
    """Refuses a request whose signature fits none of the `payloads`, or that comes too late or too early."""
    params.integer("timestamp")
    if not any(_is_signed(account, payload, params.text("signature")) for payload in payloads):
        raise refusal(-1022)
    check_time(params, now)


def check_time(params: Params, now: int) -> None:
    """-1021 where the request's timestamp is not in its window."""
    timestamp = params.integer("timestamp")
    window = params.integer("recvWindow", _DEFAULT_WINDOW_MS)
    if window > _LONGEST_WINDOW_MS:
        raise refusal(-1131)
    if not (timestamp < now + _AHEAD_MS and now - timestamp <= window):
        raise refusal(-1021)


def rest_payload(query: str, body: str) -> str:
    """What REST signs: query and body as sent, without the signature and with nothing between them."""
    return _SIGNATURE.sub("", query) + _SIGNATURE.sub("", body)


def ws_payloads(params: Mapping[str, str]) -> Iterator[str]:
    """What ws-fapi signs: the parameters by name, plain or percent-encoded (clients differ in that)."""
    pairs = sorted((name, value) for name, value in params.items() if name != "signature")
    yield "&".join([f"{name}={value}" for name, value in pairs])
    yield urlencode(pairs)


def _is_signed(account: Account, payload: str, signature: str) -> bool:
    if account.public_key:
        return _is_ed25519(account.public_key, payload, signature)
    expected = hmac.digest(account.secret.encode(), payload.encode(), hashlib.sha256).hex()
    return hmac.compare_digest(expected, signature.lower().encode("ascii", "replace").decode())


def _is_ed25519(public_key: str, payload: str, signature: str) -> bool:
    try:
        ed25519_key(public_key).verify(base64.b64decode(signature), payload.encode())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


@lru_cache(maxsize=1024)
def ed25519_key(pem: str) -> Ed25519PublicKey:
    """Raises ValueError where the PEM holds no Ed25519 public key."""
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("not an Ed25519 public key")
    return key
