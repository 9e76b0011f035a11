"""`python -m tasks.kill_switch on|off`: the operator's kill switch. It needs the database only, no broker and no web.

While it is on nothing new is opened. What rests at the exchange stays; cancels, stops and closes go on.
"""

import click

from core.db import Session
from core.execution.switches import ALL, release, throw


@click.command()
@click.argument("position", type=click.Choice(["on", "off"]))
@click.option("--exchange", help="Only at this exchange.")
@click.option("--account", type=int, help="Only for the account with this id, as in the listener's process title.")
@click.option("--reason", default="the operator's kill switch", show_default=True, help="What users are told.")
def kill_switch(position: str, exchange: str | None, account: int | None, reason: str) -> None:
    """Halts or resumes all trading, or that of one exchange or account."""
    if exchange and account is not None:
        raise click.UsageError("give --exchange or --account, not both")
    name = ALL if account is None else f"account:{account}"
    name = f"venue:{exchange}" if exchange else name
    with Session.begin() as session:
        if position == "on":
            throw(session, name, reason)
        else:
            release(session, name)
    click.echo(f"kill switch {name}: {position}")


if __name__ == "__main__":
    kill_switch()
