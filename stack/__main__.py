"""`python -m stack COMMAND`: the commands behind the Makefile and the Procfile."""

import os
import sys
from pathlib import Path

import click

from core.config import settings
from core.errors import ConfigurationError


@click.group()
def commands() -> None:
    """Everything on one machine."""


@commands.command()
def run() -> None:
    """Starts everything, until a signal ends it."""
    from stack.machine import run as run_everything  # noqa: PLC0415 - each command loads only what it needs

    sys.exit(run_everything())


@commands.command()
def welcome() -> None:
    """Waits until all is ready, then says where to log in."""
    from stack.welcome import welcome as say_welcome  # noqa: PLC0415

    say_welcome()


@commands.command()
@click.argument("data", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def demo(data: Path | None) -> None:
    """One grid of each strategy type over the candles of DATA, or over a made-up day."""
    from stack.demo import demo as run_demo  # noqa: PLC0415

    sys.exit(run_demo(data))


@commands.command()
def flower() -> None:
    """Flower behind its password, which stays out of the command line."""
    if not settings().flower_basic_auth:
        raise ConfigurationError("set FLOWER_BASIC_AUTH=user:password: without it Flower would be open to everybody")
    os.execl(sys.executable, sys.executable, "-m", "celery", "-A", "tasks.app", "flower", "--address=127.0.0.1")  # noqa: S606


if __name__ == "__main__":
    try:
        commands()
    except ConfigurationError as error:
        sys.exit(f"gridkeeper: {error}")
