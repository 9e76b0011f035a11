import socket
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from stack.instance import only_one, port_of, wait_for_ports


def test_a_second_runner_is_told_who_is_first(tmp_path: Path) -> None:
    with only_one(tmp_path), pytest.raises(ConfigurationError, match="already running"), only_one(tmp_path):
        pass


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    with only_one(tmp_path):
        pass
    with only_one(tmp_path):
        assert (tmp_path / "run.pid").read_text().strip().isdigit()


def test_a_taken_port_is_reported_with_the_variable_to_change() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port} is in use: set PAPER_URL"):
            wait_for_ports({"PAPER_URL": port})


@pytest.mark.parametrize(
    ("url", "port"), [("http://127.0.0.1:8090", 8090), ("http://paper", 80), ("https://paper", 443)]
)
def test_the_port_of_a_url(url: str, port: int) -> None:
    assert port_of(url) == port
