"""A process that hands one message to one target and ends: `python -m core.notifications.courier`, the job as JSON on
its stdin, the result as JSON on its stdout. A target that hangs costs nothing but this process; what the library loads
and logs stays in it; and no connection leaves it for a private address, whatever a name resolves to.
"""

import ipaddress
import json
import logging
import re
import signal
import sys
from typing import Any

import apprise

LIVES_FOR_S = 9
SECURE = frozenset({"jsons", "forms", "ntfys", "gotifys", "matrixs", "discord", "slack", "tgram", "pover", "mailtos"})
PLAIN = frozenset({"json", "form", "ntfy", "gotify", "matrix", "mailto"})


class Forbidden(OSError):
    """Ends a connection before it is made."""


class _LastWords(logging.Handler):
    """The library says why it failed in its log only."""

    text = ""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            self.text = record.getMessage()


def deliver(job: dict[str, Any]) -> dict[str, Any]:
    """`{ok, error}`. A job without a body only checks the URL."""
    words = _LastWords()
    logger = logging.getLogger("apprise")
    logger.handlers, logger.propagate = [words], False
    scheme = job["url"].partition("://")[0].lower()
    if scheme not in SECURE and not (job["private"] and scheme in PLAIN):
        return {"ok": False, "error": f"{scheme}:// is not one of: {', '.join(sorted(SECURE))}"}
    target = apprise.Apprise.instantiate(job["url"], suppress_exceptions=True)
    if target is None:
        return {"ok": False, "error": f"this is not a complete {scheme}:// address"}
    if "body" not in job:
        return {"ok": True, "error": ""}
    if not job["private"]:
        sys.addaudithook(_refuse_private)
    ok = bool(target.notify(title=job["title"], body=job["body"]))
    return {"ok": ok, "error": "" if ok else without_secrets(words.text or "it was not taken", job["url"])}


def without_secrets(text: str, url: str) -> str:
    """A library's words without any part of the URL that may be a token."""
    for part in sorted(set(re.split(r"[^\w.-]+", url)), key=len, reverse=True):
        if len(part) > 5:
            text = text.replace(part, "…")
    return text[:300]


def _refuse_private(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto") and not is_public(arguments[1]):
        raise Forbidden("the address is private")


def is_public(address: Any) -> bool:
    """Of a socket: files, names and everything that is not on the open internet are not."""
    try:
        host = ipaddress.ip_address(str(address[0]).partition("%")[0])
    except (ValueError, TypeError, IndexError):
        return False
    mapped = getattr(host, "ipv4_mapped", None) or host
    return bool(mapped.is_global and not mapped.is_multicast)


if __name__ == "__main__":
    signal.alarm(LIVES_FOR_S)
    print(json.dumps(deliver(json.load(sys.stdin))))  # noqa: T201 - the answer
