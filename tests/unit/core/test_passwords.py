"""Which passwords are taken, and how they are kept."""

import pytest

from core.errors import Invalid
from core.passwords import check_strength, hash_password, is_right

EMAIL = "carla@example.com"


@pytest.mark.parametrize("password", ["correct horse battery", "ünïcødé ïs fïne", "x1y2z3" * 20, "twelve chars"])
def test_long_and_uncommon_passwords_are_taken(password: str) -> None:
    check_strength(password, EMAIL)


@pytest.mark.parametrize("password", ["eleven char", "Password1234", "abababababab", EMAIL.upper(), "y" * 300, ""])
def test_others_are_not(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_strength(password, EMAIL)
    assert refused.value.reason == "weak_password"
    assert "password" in refused.value.fields


def test_a_password_is_kept_as_a_salted_argon2id_hash() -> None:
    first, second = hash_password("correct horse battery"), hash_password("correct horse battery")
    assert first.startswith("$argon2id$")
    assert first != second
    assert is_right(first, "correct horse battery")
    assert not is_right(first, "correct horse batterY")


@pytest.mark.parametrize("kept", [None, "-", ""])
def test_without_a_hash_no_password_is_right(kept: str | None) -> None:
    assert not is_right(kept, "nobody has this password")
