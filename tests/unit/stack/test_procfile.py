import subprocess
from pathlib import Path

import pytest

from core.config import ROOT
from core.errors import ConfigurationError
from stack import procfile


def test_a_later_file_adds_and_replaces(tmp_path: Path) -> None:
    first, second = tmp_path / "Procfile", tmp_path / "Procfile.dev"
    first.write_text("# comment\n\nweb: serve --port $PORT\nbeat: tick\n")
    second.write_text("paper: simulate\nweb: serve-here\n")
    assert procfile.read(first, second) == {"web": "serve-here", "beat": "tick", "paper": "simulate"}


def test_a_line_without_a_command_is_refused_with_its_number(tmp_path: Path) -> None:
    file = tmp_path / "Procfile"
    file.write_text("web: serve\nworker\n")
    with pytest.raises(ConfigurationError, match="Procfile, line 2"):
        procfile.read(file)


def test_the_process_is_the_program_itself_with_variables_filled_in() -> None:
    argv = procfile.argv("sh -c 'echo $0 $PPID' \"$NAME\"")
    with subprocess.Popen(argv, env={"NAME": "web"}, stdout=subprocess.PIPE) as process:
        output = process.communicate(timeout=5)[0].decode().split()
    assert output[0] == "web"
    assert int(output[1]) != process.pid


def test_the_project_has_every_process_type_of_the_contract() -> None:
    types = {"release", "web", "worker", "listener", "market", "beat", "flower"}
    assert set(procfile.read(ROOT / "Procfile")) == types
    assert set(procfile.read(ROOT / "Procfile", ROOT / "Procfile.dev")) == types | {"paper"}
