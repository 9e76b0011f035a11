"""A real HTTP server that takes notifications, refuses them, or says nothing."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Mailbox:
    """`url` is apprise's; `answers` with a status, or with nothing where it is None."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.requests = 0
        self.answers: int | None = 200
        self.closing = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"json://user:pa55word@127.0.0.1:{self.server.server_port}/a-secret-path"


def _handler(box: Mailbox) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            box.requests += 1
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if box.answers is None:
                box.closing.wait(60)
                return
            if box.answers == 200:
                box.messages.append(body)
            self.send_response(box.answers)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    threading.Thread(target=box.server.serve_forever, daemon=True).start()
    try:
        yield box
    finally:
        box.closing.set()
        box.server.shutdown()
        box.server.server_close()
