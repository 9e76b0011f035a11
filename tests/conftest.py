"""Fixtures shared by all tests, and the word at the end on what could not run here."""

import os
import sys
from collections import Counter
from collections.abc import Generator, Iterator

import hypothesis
import pytest

from tests.support.environment import forget_settings, hermetic

os.environ.update(hermetic())  # before anything of ours reads its settings

from core import clock, db
from core.exchange.binance import weights
from stack.postgres import Postgres
from tests.support.databases import PostgresDatabases, SqliteDatabases
from tests.support.servers import WEIGHT_LIMIT, PaperServer, RedisServer
from tests.support.stack import Stack

# The cores are shared with servers and other tests, so no example has a time limit; CI always tries the same ones.
hypothesis.settings.register_profile("house", deadline=None, derandomize=bool(os.environ.get("CI")))
hypothesis.settings.load_profile("house")

_BEGUN = pytest.StashKey[bool]()
POSTGRES_COMMAND = "make install, or TEST_DATABASE_URL=postgresql+psycopg://... make test"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """With xdist the tests of a file share a worker, all that start whole stacks share one. Those begin first; beside
    them the simulation, which takes the processor time that they leave."""
    if getattr(config.option, "loadgroup", False):  # set in xdist's workers, where `dist` says "no"
        for item in items:
            item.add_marker(pytest.mark.xdist_group("stacks" if _starts_a_stack(item) else str(item.path)))
    yield
    items.sort(key=_turn)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Of xdist's workers, the one with the stacks goes before the others: what its processes do is timed."""
    if "PYTEST_XDIST_WORKER" in os.environ and _BEGUN not in item.config.stash:
        item.config.stash[_BEGUN] = True
        if not _starts_a_stack(item) and hasattr(os, "nice"):
            os.nice(10)


def _starts_a_stack(item: pytest.Item) -> bool:
    return bool({"stack", "system", "hosts"} & set(getattr(item, "fixturenames", ())))


def _turn(item: pytest.Item) -> tuple[int, str]:
    """Those that share a stack one after another, a kind of database at a time, after those that have one of their own.

    pytest itself goes by a parameter's place in its list, which is 0 for either kind where a test wants only one.
    """
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    if _starts_a_stack(item):
        return 0, parameters.get("stack", "")
    return 1 if item.path.name == "test_simulation.py" else 2, ""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Names every reason for a skip; the reason says what provides the missing part."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in skipped)
    if reasons:
        terminalreporter.section("could not run on this machine")
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count} skipped: {reason}")


@pytest.fixture(autouse=True)
def _hosts_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which clock the process follows is its own matter, and that of no test after it."""
    monkeypatch.setattr(clock, "_ahead_ms", None)
    monkeypatch.setattr(db, "_following", False)
    monkeypatch.setattr(db, "_clock_read_at", float("-inf"))


@pytest.fixture(scope="session")
def _redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_server(_redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    """A real, empty server, and REDIS_URL pointing at it."""
    _redis.ensure_running_and_empty()
    monkeypatch.setenv("REDIS_URL", _redis.url)
    forget_settings()
    yield _redis
    forget_settings()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """SQLAlchemy's URL of a real PostgreSQL: TEST_DATABASE_URL, or one started here."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    if sys.platform == "win32":
        pytest.skip(f"no PostgreSQL: {POSTGRES_COMMAND}")
    server = Postgres({"fsync": "off"})
    try:
        server.start()
        yield server.url()
    finally:
        server.close()


@pytest.fixture(scope="session")
def _sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    return SqliteDatabases(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def _postgresql_databases(postgres_url: str) -> Iterator[PostgresDatabases]:
    databases = PostgresDatabases(postgres_url)
    yield databases
    databases.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A fresh, migrated database of each kind; DATABASE_URL points at it, so `core.db.Session` uses it."""
    with _databases(request).fresh() as url:
        monkeypatch.setenv("DATABASE_URL", url)
        forget_settings()
        yield url
        forget_settings()


@pytest.fixture(scope="session")
def _paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PaperServer]:
    server = PaperServer(tmp_path_factory.mktemp("paper"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def paper_server(_paper: PaperServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[PaperServer]:
    """The simulated exchange on a manual feed, PAPER_URL pointing at it. Shared: open an account of your own."""
    monkeypatch.setenv("PAPER_URL", _paper.url)
    monkeypatch.setattr(weights, "LIMIT", WEIGHT_LIMIT)  # what exchangeInfo would tell
    forget_settings()
    yield _paper
    _paper.restore_service()
    forget_settings()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Every process of the Procfile under the runner, on each kind of database; one for all tests that share it."""
    folder = tmp_path_factory.mktemp(f"stack-{request.param}")
    with _databases(request).fresh() as url:
        running = Stack(folder, {"DATABASE_URL": url})
        running.start()
        yield running
        running.stop()


def _databases(request: pytest.FixtureRequest) -> SqliteDatabases | PostgresDatabases:
    """Those of the kind that the fixture's parameter names; nothing starts for the other kind."""
    found: SqliteDatabases | PostgresDatabases = request.getfixturevalue(f"_{request.param}_databases")
    return found
