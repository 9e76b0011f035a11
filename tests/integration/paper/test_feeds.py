"""Prices that move by themselves."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.integration.paper.client import Client, Stream, closing
from tests.support.servers import PaperServer
from tests.support.waiting import wait_until


@contextmanager
def running(folder: Path, **environment: str) -> Iterator[PaperServer]:
    server = PaperServer(folder, **environment)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def price(venue: PaperServer, symbol: str = "BTCUSDT") -> str:
    answer: Any = httpx.get(f"{venue.url}/fapi/v2/ticker/price?symbol={symbol}", trust_env=False).json()
    return str(answer["price"])


def recorded(folder: Path) -> Path:
    """Two candles: the second falls to 70,000."""
    file = folder / "BTCUSDT-1m.csv"
    file.write_text(
        "open_time,open,high,low,close\n1795000020000,81000,82000,80500,81500\n1795000080000,81500,81500,70000,70000\n"
    )
    return file


def test_the_synthetic_market_moves_every_symbol(tmp_path: Path) -> None:
    with running(tmp_path, PAPER_FEED="synthetic") as venue:
        start = {symbol: price(venue, symbol) for symbol in ("BTCUSDT", "HOTUSDT")}
        for symbol, before in start.items():
            wait_until(lambda s=symbol, b=before: price(venue, s) != b, 10, f"{symbol} moves")
        with closing(Stream(venue, "/market/ws/btcusdt@markPrice@1s")) as (stream,):
            assert len({stream.next()["p"] for _ in range(4)}) > 1


def test_a_replay_fills_what_its_path_touches_and_stops_at_its_end(tmp_path: Path) -> None:
    with running(tmp_path, PAPER_FEED=f"replay:{recorded(tmp_path)}", PAPER_SPEED="10") as venue:
        client = Client(venue)
        client.buy("75000", "touched")  # in the 6 s of the first candle
        wait_until(lambda: price(venue) == "70000", 30, "the replay ends")
        assert client.query("touched").json()["avgPrice"] == "75000"


def test_a_replay_goes_on_after_a_restart_where_it_was(tmp_path: Path) -> None:
    feed = {"PAPER_FEED": f"replay:{recorded(tmp_path)}", "PAPER_STATE": str(tmp_path / "state")}
    with running(tmp_path, **feed, PAPER_SPEED="1000") as venue:
        wait_until(lambda: price(venue) == "70000", 10, "the replay ends")
    with running(tmp_path, **feed, PAPER_SPEED="0.001") as venue:
        assert price(venue) == "70000"
