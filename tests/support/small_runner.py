"""`python -m tests.support.small_runner PROCFILE FOLDER GRACE`: the runner with somebody else's Procfile, no Redis."""

import os
import sys
from pathlib import Path

from stack import procfile
from stack.child import Child
from stack.console import Console, Lines, LogFile
from stack.instance import only_one
from stack.runner import Runner


def main(file: Path, folder: Path, grace: float) -> int:
    commands = procfile.read(file)
    console = Console(width=8)
    children = {
        name: Child(name, procfile.argv(command), Lines(name, console, LogFile(folder / f"{name}.log")), grace=grace)
        for name, command in commands.items()
    }
    release = children.pop("release")
    with only_one(folder):
        return Runner(None, release, list(children.values()), os.environ).run()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])))
