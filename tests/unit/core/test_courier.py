"""Where a courier goes, and what it lets out."""

import pytest

from core.notifications.courier import deliver, is_public, without_secrets

PRIVATE = (
    *("127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1"),
    *("::1", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "localhost", "metadata.internal", ""),
)


@pytest.mark.parametrize("host", PRIVATE)
def test_private_addresses_and_names_are_not_public(host: str) -> None:
    assert not is_public((host, 80))


@pytest.mark.parametrize("host", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_the_open_internet_is_public(host: str) -> None:
    assert is_public((host, 443))


@pytest.mark.parametrize("address", ["/var/run/docker.sock", b"\0abstract", None, ()])
def test_what_is_no_address_of_the_internet_is_not_public(address: object) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    ("url", "private", "error"),
    [
        ("jsons://example.com/hook", False, ""),
        ("ntfys://ntfy.sh/topic", False, ""),
        ("json://example.com/hook", False, "not one of"),
        ("json://example.com/hook", True, ""),
        ("syslog://", True, "not one of"),
        ("dbus://", True, "not one of"),
        ("windows://", True, "not one of"),
        ("file:///etc/passwd", True, "not one of"),
        ("nothing", True, "not one of"),
        ("jsons://", False, "not a complete"),
    ],
)
def test_which_addresses_may_be_used(url: str, private: bool, error: str) -> None:
    assert error in deliver({"url": url, "private": private})["error"]
    assert bool(error) != deliver({"url": url, "private": private})["ok"]


def test_errors_hold_no_part_of_the_address() -> None:
    text = without_secrets(
        "POST to hooks.example.com/T0KEN-abcdef failed: 500", "jsons://hooks.example.com/T0KEN-abcdef"
    )
    assert text == "POST to …/… failed: 500"
