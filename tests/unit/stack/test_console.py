from pathlib import Path

import pytest

from stack.console import Console, Lines, LogFile


def test_lines_are_cut_wherever_the_pieces_end(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    lines = Lines("web", Console(width=6), LogFile(tmp_path / "web.log"))
    for piece in (b"on", b"e\ntwo\nth", b"", b"ree"):
        lines.feed(piece)
    lines.flush()
    assert (tmp_path / "web.log").read_bytes() == b"one\ntwo\nthree\n"
    assert capfdbinary.readouterr().out == b"web    | one\nweb    | two\nweb    | three\n"


def test_a_full_log_file_moves_aside(tmp_path: Path) -> None:
    file = tmp_path / "log" / "web.log"
    log = LogFile(file)
    with file.open("wb") as old:
        old.truncate(10_000_001)
    log.write([b"fresh"])
    assert file.read_bytes() == b"fresh\n"
    assert (tmp_path / "log" / "web.log.1").stat().st_size == 10_000_001


def test_a_log_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "web.log")
    (tmp_path / "web.log").mkdir()
    log.write([b"lost"])
