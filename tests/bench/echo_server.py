"""The floor of a WebSocket server: every frame comes back, padded to an answer's size, and nothing else is done.

`python -m tests.bench.echo_server PORT PADDING`
"""

import sys
from collections.abc import Awaitable, Callable

from aiohttp import WSMsgType, web


def echo(padding: int) -> Callable[[web.Request], Awaitable[web.WebSocketResponse]]:
    filler = f'{{"padding":"{"x" * padding}",'

    async def handle(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await socket.send_str(filler + message.data[1:])
        return socket

    return handle


if __name__ == "__main__":
    application = web.Application()
    application.router.add_get("/", echo(padding=int(sys.argv[2])))
    web.run_app(application, host="127.0.0.1", port=int(sys.argv[1]), print=None)
