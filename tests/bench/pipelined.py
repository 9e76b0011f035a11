"""A WebSocket client that keeps several requests in flight on several connections, and times each."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import aiohttp
import orjson

from core import clock


@dataclass(frozen=True, slots=True)
class Request:
    """A frame ready to send, and the id that its answer echoes."""

    id: str
    frame: str


@dataclass(frozen=True, slots=True)
class Run:
    """`latencies` in seconds, one a request; `answer_size` is the mean in bytes."""

    seconds: float
    latencies: list[float]
    answer_size: int

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds


def run_pipelined(url: str, requests: Sequence[Request], connections: int, depth: int) -> Run:
    """Sends all requests over `connections`, each with up to `depth` in flight. An error answer stops it."""
    return asyncio.run(_run(url, requests, connections, depth))


async def _run(url: str, requests: Sequence[Request], connections: int, depth: int) -> Run:
    async with aiohttp.ClientSession() as session:
        sockets = [await session.ws_connect(url) for _ in range(connections)]
        waiting = iter(requests)
        began = clock.monotonic()
        timings = await asyncio.gather(*(_drive(socket, waiting, depth) for socket in sockets))
        seconds = clock.monotonic() - began
    samples = [sample for timing in timings for sample in timing]
    return Run(seconds, [latency for latency, _ in samples], sum(size for _, size in samples) // len(samples))


async def _drive(
    socket: aiohttp.ClientWebSocketResponse, waiting: Iterator[Request], depth: int
) -> list[tuple[float, int]]:
    """(latency in seconds, size of the answer in bytes) of each request this connection took."""
    in_flight: dict[str, float] = {}
    samples: list[tuple[float, int]] = []
    for request in islice(waiting, depth):
        await _send(socket, request, in_flight)
    while in_flight:
        text = await socket.receive_str()
        answer = orjson.loads(text)
        if "error" in answer:
            raise RuntimeError(f"the benchmark's request was refused: {text}")
        samples.append((clock.monotonic() - in_flight.pop(answer["id"]), len(text)))
        for request in islice(waiting, 1):
            await _send(socket, request, in_flight)
    return samples


async def _send(socket: aiohttp.ClientWebSocketResponse, request: Request, in_flight: dict[str, float]) -> None:
    in_flight[request.id] = clock.monotonic()
    await socket.send_str(request.frame)
