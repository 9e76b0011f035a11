"""`python -m tests.chaos.oracle`: judges the system whose settings the environment (or `.env`) holds, as it is now.

`--quiet` asks also for what must hold when nothing is under way; the history of states needs the triggers that
`make chaos` puts into its own database.
"""

import sys

from rich.console import Console
from rich.table import Table

from core.config import VAR, settings
from tests.chaos.oracle import Oracle, lines


def main(quiet: bool) -> int:
    held = settings()
    oracle = Oracle(
        held.database_url,
        held.paper_url,
        held.credentials_keys,
        logs=VAR / "log",
        redis_url=held.redis_url,
        canaries=[held.secret_key],
    )
    violations = [*(oracle.everything() if quiet else oracle.always()), *oracle.secrets()]
    table = Table("line", "violations")
    for line in lines():
        words = [one.words for one in violations if one.line == line]
        table.add_row(line, "\n".join(words) or "none")
    Console().print(table)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main("--quiet" in sys.argv[1:]))
