"""Reads Procfiles: a line per process type, `name: command`."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from core.errors import ConfigurationError

_LINE = re.compile(r"^([A-Za-z0-9_-]+):\s*(\S.*)$")


def read(*files: Path) -> dict[str, str]:
    """Process type -> command line, in order; a later file's line replaces an earlier one of the same name."""
    commands: dict[str, str] = {}
    for file in files:
        for number, line in enumerate(file.read_text().splitlines(), start=1):
            if not line.strip() or line.startswith("#"):
                continue
            found = _LINE.match(line)
            if found is None:
                raise ConfigurationError(f"{file.name}, line {number}: expected `name: command`")
            commands[found[1]] = found[2]
    return commands


def argv(command: str) -> tuple[str, ...]:
    """A shell for the variables in the line, replaced at once by the program, so that signals reach it."""
    return ("/bin/sh", "-c", f"exec {command}")


def search_path(environment: Mapping[str, str]) -> str:
    """PATH with our interpreter's folder first, so that the lines' plain names are the installed packages' programs."""
    return f"{Path(sys.executable).parent}:{environment.get('PATH', '/usr/bin:/bin')}"
