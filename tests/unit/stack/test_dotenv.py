import stat
from pathlib import Path

from cryptography.fernet import Fernet
from dotenv import dotenv_values

from stack.dotenv import complete


def test_a_first_start_writes_fresh_secrets_for_the_owner_only(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    assert complete(file, {}) == ["SECRET_KEY", "CREDENTIALS_KEYS"]
    values = dotenv_values(file)
    assert len(values["SECRET_KEY"]) >= 32
    Fernet(values["CREDENTIALS_KEYS"])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    complete(file, {})
    before = file.read_text()
    assert complete(file, {}) == []
    assert file.read_text() == before


def test_what_stands_in_the_file_or_the_environment_stays(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("PORT=9000")
    assert complete(file, {"SECRET_KEY": "theirs"}) == ["CREDENTIALS_KEYS"]
    assert dotenv_values(file).keys() == {"PORT", "CREDENTIALS_KEYS"}
    assert dotenv_values(file)["PORT"] == "9000"


def test_two_installations_never_share_a_secret(tmp_path: Path) -> None:
    complete(tmp_path / "a", {})
    complete(tmp_path / "b", {})
    assert not set(dotenv_values(tmp_path / "a").values()) & set(dotenv_values(tmp_path / "b").values())
