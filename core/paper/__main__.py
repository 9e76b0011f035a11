"""`python -m core.paper`: the simulated exchange as a process of its own."""

import asyncio
import logging
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from environs import Env, EnvError
from setproctitle import setproctitle

from core.config import ROOT, VAR
from core.errors import ConfigurationError
from core.paper.feeds import make_feed
from core.paper.server.app import make_app, run_clockwork
from core.paper.server.store import Store
from core.paper.server.venue import Venue

_GOODBYE_S = 1.0


@dataclass(frozen=True, slots=True)
class Environment:
    host: str
    port: int
    admin: bool
    feed: str
    speed: float
    state: Path | None
    weight_limit: int


def read_environment() -> Environment:
    """Raises ConfigurationError naming every variable that is not usable."""
    env = Env(eager=False)
    env.read_env(str(ROOT / ".env"), recurse=False)
    url = urlsplit(env.str("PAPER_URL", "") or "http://127.0.0.1:8090")
    state = env.str("PAPER_STATE", str(VAR / "paper"))
    found = Environment(
        host=url.hostname or "127.0.0.1",
        port=url.port or 80,
        admin=env.bool("PAPER_ADMIN", False),
        feed=env.str("PAPER_FEED", "synthetic"),
        speed=env.float("PAPER_SPEED", 1.0),
        state=Path(state) if state else None,
        weight_limit=env.int("PAPER_WEIGHT_LIMIT", 2400),
    )
    try:
        env.seal()
    except EnvError as error:
        raise ConfigurationError(f"the environment is not usable: {error}") from None
    return found


async def run(environment: Environment) -> None:
    """Serves until SIGTERM or SIGINT."""
    store = Store(environment.state)
    venue = Venue(store, environment.weight_limit, admin=environment.admin)
    is_replay = environment.feed.startswith("replay:")
    note = f"steps of {environment.feed}" if is_replay else ""
    prices = {symbol: market.price for symbol, market in venue.exchange.markets.items()}
    feed = make_feed(environment.feed, environment.speed, prices)
    runner = web.AppRunner(make_app(venue), shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, environment.host, environment.port).start()
    clockwork = asyncio.create_task(
        run_clockwork(venue, feed, int(store.note(note) or 0), note, funds=environment.feed == "synthetic")
    )
    try:
        await _until_stopped(clockwork)
    finally:
        venue.cut_connections("")
        with suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_S):
                await runner.cleanup()
        store.close()


async def _until_stopped(clockwork: asyncio.Task[None]) -> None:
    """Raises what the clockwork died of, if it did."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    waiting = asyncio.create_task(stopped.wait())
    await asyncio.wait({waiting, clockwork}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if clockwork.done():
        clockwork.result()
    clockwork.cancel()


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    setproctitle("gridkeeper: paper")
    try:
        asyncio.run(run(read_environment()))
    except (ConfigurationError, OSError) as error:
        logging.getLogger(__name__).error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
