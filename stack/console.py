"""Where the children's lines go: the terminal, with a coloured prefix, and a file for each child."""

import os
import select
import sys
from collections.abc import Sequence
from pathlib import Path

_COLOURS = (36, 32, 33, 35, 34, 96, 92, 93, 95, 94)
_LONGEST_LINE = 64 * 1024
_FILE_BYTES = 10_000_000


class Console:
    """The terminal. A reader that has gone or does not read never holds up the runner: its lines are dropped."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._colours: dict[str, int] = {}
        self._coloured = sys.stdout.isatty()

    def write(self, name: str, lines: Sequence[bytes]) -> None:
        prefix = self._prefix(name)
        text = b"".join(prefix + line + b"\n" for line in lines)
        try:
            for start in range(0, len(text), select.PIPE_BUF):  # a pipe said to be writable takes that many at once
                if not select.select([], [sys.stdout], [], 0)[1]:
                    return
                os.write(sys.stdout.fileno(), text[start : start + select.PIPE_BUF])
        except OSError:
            return

    def _prefix(self, name: str) -> bytes:
        prefix = f"{name:<{self._width}} |"
        if not self._coloured:
            return f"{prefix} ".encode()
        colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
        return f"\033[{colour}m{prefix}\033[0m ".encode()


class LogFile:
    """Appends lines; past 10 MB the file moves to NAME.1 and a new one begins."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, lines: Sequence[bytes]) -> None:
        try:
            if self._path.exists() and self._path.stat().st_size > _FILE_BYTES:
                self._path.replace(self._path.with_name(self._path.name + ".1"))
            with self._path.open("ab") as out:
                out.write(b"".join(line + b"\n" for line in lines))
        except OSError:  # a full disk must not stop what is running
            return


class Lines:
    """Cuts one child's output into lines for the console and, where there is one, for its file."""

    def __init__(self, name: str, console: Console, file: LogFile | None) -> None:
        self._name = name
        self._console = console
        self._file = file
        self._rest = b""

    def feed(self, data: bytes) -> None:
        *whole, self._rest = (self._rest + data).split(b"\n")
        self._write(whole)
        if len(self._rest) > _LONGEST_LINE:
            self.flush()

    def flush(self) -> None:
        """The output has ended, maybe in the middle of a line."""
        if self._rest:
            self._write([self._rest])
        self._rest = b""

    def say(self, text: str) -> None:
        """A line of the runner's about this child."""
        self._write([text.encode()])

    def _write(self, lines: Sequence[bytes]) -> None:
        if lines:
            self._console.write(self._name, lines)
        if lines and self._file is not None:
            self._file.write(lines)
