"""Runs seeds, two at a time, and says which of them failed."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from itertools import count, repeat
from pathlib import Path

from rich.progress import track

from core import symbols
from tests.sim.database import Database
from tests.sim.run import Result, Run
from tests.sim.steps import SAGAS, Crashing

WORKERS = 2
MEMORY = Path("/dev/shm")


def main() -> int:
    """0 where no seed, or no step of a saga, failed."""
    seed, every = os.environ.get("SEED"), os.environ.get("STEPS")
    if every:
        return _kill_at_steps(int(every))
    if seed:
        with _database() as database:
            result = _run(database, int(seed), verbose=True)
        print(*result.wrongs, sep="\n")
        return bool(result.wrongs)
    return _run_many(int(os.environ.get("SEEDS") or 300), int(os.environ.get("FIRST") or 1))


def _run_many(seeds: int, first: int) -> int:
    failed: list[Result] = []
    done: list[Result] = []
    with ProcessPoolExecutor(WORKERS, initializer=_begin) as pool:
        waiting = [pool.submit(_one, seed) for seed in range(first, first + seeds)]
        for future in track(as_completed(waiting), "seeds", total=seeds):
            result = future.result()
            done.append(result)
            if result.wrongs:
                failed.append(result)
                print(f"SEED={result.seed} failed: {result.wrongs[0]}")
    print(_summary(done))
    if failed:
        print(f"{len(failed)} failed: make sim SEED={failed[0].seed} repeats the first")
    return bool(failed)


def _kill_at_steps(every: int) -> int:
    """At each `every`th step of every saga."""
    with ProcessPoolExecutor(WORKERS, initializer=_begin) as pool:
        halves = [(name, first) for name in SAGAS for first in range(1, 1 + WORKERS * every, every)]
        done = list(pool.map(_crash_through, *zip(*halves, strict=True), repeat(WORKERS * every)))
    for (name, _), (steps, wrongs) in zip(halves, done, strict=True):
        print(f"{name}: killed at {steps} steps", *wrongs, sep="\n")
    return any(wrongs for _, wrongs in done)


def _crash_through(name: str, first: int, every: int) -> tuple[int, list[str]]:
    """How many steps the worker was killed at, and what was wrong after the first that went wrong."""
    assert _of_this_process is not None
    for number, step in enumerate(count(first, every)):
        _of_this_process.renew()
        result = Crashing(SAGAS[name], step).go()
        if result.wrongs or not result.kills:
            return number, [f"step {step}: {one}" for one in result.wrongs]
    raise AssertionError


def _summary(done: list[Result]) -> str:
    slowest = max(done, key=lambda result: result.whole_after)
    return (
        f"{len(done)} seeds, {sum(one.orders for one in done)} orders, {sum(one.fills for one in done)} fills, "
        f"{sum(one.kills for one in done)} kills, {sum(one.updates for one in done)} updates, "
        f"{sum(one.steps for one in done)} trailing steps, {sum(one.moves for one in done)} adaptive moves, "
        f"{sum(one.ended for one in done)} ended by the system; "
        f"whole after {slowest.whole_after:.0f} s at most (seed {slowest.seed})"
    )


def _run(database: Database, seed: int, verbose: bool = False) -> Result:
    database.renew()
    return Run(seed, verbose).go()


@contextmanager
def _database() -> Iterator[Database]:
    """In memory where there is a folder for that."""
    folder = Path(tempfile.mkdtemp(prefix="gridkeeper-sim-", dir=MEMORY if MEMORY.is_dir() else None))
    os.environ["DATABASE_URL"] = f"sqlite:///{folder}/sim.db"
    try:
        yield prepared(folder / "sim.db")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def prepared(file: Path) -> Database:
    """With the venue's rules in its template."""
    database = Database(file)
    database.renew()
    Run(0)
    symbols.refresh_all("paper")
    database.keep_as_template()
    return database


_of_this_process: Database | None = None


def _begin() -> None:
    """Of each worker process: its database, removed with it."""
    global _of_this_process  # noqa: PLW0603
    context = _database()
    _of_this_process = context.__enter__()
    atexit.register(context.__exit__, None, None, None)


def _one(seed: int) -> Result:
    assert _of_this_process is not None
    return _run(_of_this_process, seed)
