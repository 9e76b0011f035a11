"""`python -m tests.chaos.selftest [word ...]`: does the oracle see? Honest scenarios leave it silent; the same with a
bug planted into the worker must not. Words choose bugs by name."""

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import create_engine, text

from tests.support.environment import hermetic

os.environ.update(hermetic())  # before anything of ours reads its settings

from core.clock import monotonic, sleep
from core.config import ROOT
from tests.chaos.arena import Arena
from tests.chaos.oracle import Violation
from tests.chaos.oracle.checks import ALWAYS
from tests.chaos.planted import scenarios as played
from tests.chaos.planted.scenarios import Ground, Scenario
from tests.chaos.traders import PRICES

SETTLED_WITHIN_S = 12.0
LOOK_EVERY_S = 0.5
HONEST = ""
_PUT_TO_REST = (
    "UPDATE grid_strategies SET status = 'STOPPED' WHERE generation > 0",
    "UPDATE grid_orders SET status = 'CANCELED', next_check_at = NULL WHERE status IN"
    " ('PENDING', 'SUBMITTED', 'UNKNOWN', 'PLACED', 'PARTIALLY_FILLED')",
    "UPDATE exchange_apis SET reconcile_due_at = NULL",
)


@dataclass(frozen=True, slots=True)
class Case:
    bug: str
    scenario: Scenario


CASES = (
    Case("the unique key of fills is skipped", played.hears_everything_twice),
    Case("an order is sent again on the first not found", played.loses_the_reply_and_is_denied),
    Case("a late reply is applied to a newer attempt", played.is_paused_between_claim_and_send),
    Case("a refused old attempt frees its cell", played.is_paused_between_claim_and_send),
    Case("stream events move the trade cursor", played.trades_by_hand_unheard),
    Case("unknown trades are booked as the user's own", played.finds_a_trade_before_its_order),
    Case("strategies are not locked", played.closes_in_a_burst),
    Case("an attempt is sent twice", played.starts_with_inventory),
    Case("money is added up as floats", played.trades_much),
    Case("fees are ignored", played.trades),
    Case("funding is booked twice", played.is_paid_funding),
    Case("a cancel of an unknown order is taken for final", played.stops_while_fills_are_unheard),
    Case("the latest news wins", played.hears_pieces_backwards),
    Case("a fill leads to nothing", played.trades),
    Case("counter-orders are twice as large", played.trades),
    Case("realised profit is the grid's own idea of it", played.trades),
    Case("a stop cancels the user's own orders", played.stops_beside_an_order_of_the_users),
    Case("a key is logged", played.trades),
    Case("sequences are used again", played.trades_without_the_walls),  # last: the walls stay down
)

console = Console(width=130, highlight=False)


def main(words: Sequence[str]) -> int:
    cases = [case for case in CASES if not words or any(word in case.bug for word in words)]
    with tempfile.TemporaryDirectory(prefix="gridkeeper-selftest-") as folder, _arena(Path(folder)) as bench:
        scenarios = dict.fromkeys(case.scenario for case in cases if case is not CASES[-1])
        honest = {scenario: bench.judged(scenario) for scenario in scenarios}
        table = Table("planted bug", "caught by", "first words")
        missed = 0
        for case in cases:
            bench.plant(case.bug)
            found = bench.judged(case.scenario)
            missed += not found
            caught = "\n".join(sorted({one.line for one in found})) or "[red]NOTHING"
            table.add_row(case.bug, caught, found[0].words[:80] if found else "")
    console.print(table)
    for scenario, violations in honest.items():
        for one in violations:
            console.print(f"[red]without a bug, {scenario.__name__}: {one}")
    alarmed = sum(bool(violations) for violations in honest.values())
    console.print(f"{len(cases) - missed} of {len(cases)} planted bugs caught; {alarmed} false alarms")
    return 1 if missed or alarmed else 0


class Bench:
    """One system whose worker is replaced for each bug; each scenario has a user and, in turn, a symbol."""

    def __init__(self, arena: Arena, planted: Path) -> None:
        self._arena = arena
        self._planted = planted
        self._database = create_engine(arena.database_url)
        self._symbols = cycle(PRICES)

    def plant(self, bug: str) -> None:
        """The next worker has it. What the last one has spoilt is put to rest, so that it does not go on for ever."""
        self._planted.write_text(bug)
        killed = self._arena.stack.kill("gridkeeper: worker")
        with self._database.begin() as connection:
            for statement in _PUT_TO_REST:
                connection.execute(text(statement))
        self._arena.stack.wait_for_restart("gridkeeper: worker", killed, timeout=30)

    def judged(self, scenario: Scenario) -> list[Violation]:
        """What the oracle has found when all should have settled: at any moment, or still at the end."""
        symbol = next(self._symbols)
        self._arena.stack.venue.move(symbol, PRICES[symbol])
        ground = Ground(self._arena, self._arena.stack.new_user(20_000), symbol)
        begun, failure = monotonic(), ""
        try:
            scenario(ground)
        except Exception as error:  # a bug may make the scenario itself fail; that alone is no catch
            failure = f"{type(error).__name__}: {error}"
        self._arena.stack.venue.restore_service()
        found = [*self._settled(ground.user.key_id), *self._arena.oracle.secrets()]
        console.print(f"{monotonic() - begun:5.1f} s  {scenario.__name__}: {len(found)} violations {failure[:200]}")
        return found

    def _settled(self, account: int) -> list[Violation]:
        begun, never = monotonic(), []
        while True:
            violations = self._arena.oracle.everything([account])
            never += [one for one in violations if one.line in ALWAYS]
            if not violations or monotonic() - begun > SETTLED_WITHIN_S:
                return never + [one for one in violations if one.line not in ALWAYS]
            sleep(LOOK_EVERY_S)


@contextmanager
def _arena(folder: Path) -> Iterator[Bench]:
    planted = folder / "planted"
    planted.write_text(HONEST)
    path = f"{Path(__file__).parent / 'planted'}{os.pathsep}{ROOT}"
    arena = Arena(folder, {"PYTHONPATH": path, "PLANTED": str(planted), "PAPER_WEIGHT_LIMIT": "50000"})
    try:
        arena.start()
        yield Bench(arena, planted)
    finally:
        arena.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
