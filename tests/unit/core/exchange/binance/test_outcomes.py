"""What an answer proves about an order that was sent."""

import pytest

from core.exchange.base import Outcome
from core.exchange.binance.outcomes import _REFUSED, _RETRY, CODES, is_transient, outcome_of

UNKNOWN_ERROR = "Unknown error, please check your request or try again later."
SERVICE_UNAVAILABLE = "Service Unavailable."
INTERNAL_ERROR = "Internal error; unable to process your request. Please try again."


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (-1021, Outcome.RETRY),
        (-1003, Outcome.RETRY),
        (-1008, Outcome.RETRY),
        (-1015, Outcome.RETRY),
        (-1016, Outcome.RETRY),
        (-2019, Outcome.RETRY),
        (-2025, Outcome.RETRY),
        (-4016, Outcome.RETRY),
        (-4131, Outcome.RETRY),
        (-5028, Outcome.RETRY),
        (-1022, Outcome.REFUSED),
        (-1102, Outcome.REFUSED),
        (-1111, Outcome.REFUSED),
        (-1121, Outcome.REFUSED),
        (-2010, Outcome.REFUSED),
        (-2014, Outcome.REFUSED),
        (-2015, Outcome.REFUSED),
        (-2022, Outcome.REFUSED),
        (-4014, Outcome.REFUSED),
        (-4015, Outcome.REFUSED),
        (-4023, Outcome.REFUSED),
        (-4061, Outcome.REFUSED),
        (-4118, Outcome.REFUSED),
        (-4120, Outcome.REFUSED),
        (-4141, Outcome.REFUSED),
        (-4164, Outcome.REFUSED),
        (-5022, Outcome.REFUSED),
        (-2011, Outcome.NOT_FOUND),
        (-2013, Outcome.NOT_FOUND),
        (-4116, Outcome.EXISTS),
        (-1000, Outcome.UNKNOWN),
        (-1001, Outcome.UNKNOWN),
        (-1006, Outcome.UNKNOWN),
        (-1007, Outcome.UNKNOWN),
        (-9999, Outcome.UNKNOWN),
        (200, Outcome.UNKNOWN),
        (0, Outcome.UNKNOWN),
        (None, Outcome.UNKNOWN),
    ],
)
def test_a_code_has_one_meaning(code: int | None, outcome: Outcome) -> None:
    assert outcome_of(400, code, "whatever") is outcome


@pytest.mark.parametrize(
    ("status", "code", "message", "outcome"),
    [
        (408, None, "", Outcome.UNKNOWN),
        (408, -2019, "Margin is insufficient.", Outcome.UNKNOWN),
        (403, None, "", Outcome.RETRY),
        (418, None, "", Outcome.RETRY),
        (429, None, "", Outcome.RETRY),
        (429, -1003, "Too many requests", Outcome.RETRY),
        (500, None, "", Outcome.UNKNOWN),
        (502, None, "Bad Gateway", Outcome.UNKNOWN),
        (504, -1007, "Timeout", Outcome.UNKNOWN),
        (500, -2019, "Margin is insufficient.", Outcome.UNKNOWN),
        (503, None, UNKNOWN_ERROR, Outcome.UNKNOWN),
        (503, -1000, UNKNOWN_ERROR, Outcome.UNKNOWN),
        (503, None, SERVICE_UNAVAILABLE, Outcome.RETRY),
        (503, 0, SERVICE_UNAVAILABLE, Outcome.RETRY),
        (503, None, INTERNAL_ERROR, Outcome.RETRY),
        (503, -1008, "Request throttled by system-level protection.", Outcome.RETRY),
        (503, None, "", Outcome.UNKNOWN),
        (502, None, SERVICE_UNAVAILABLE, Outcome.UNKNOWN),
        (418, -9999, "", Outcome.RETRY),
        (401, -2015, "Invalid API-key", Outcome.REFUSED),
    ],
)
def test_the_status_and_the_four_texts_of_503(status: int, code: int | None, message: str, outcome: Outcome) -> None:
    assert outcome_of(status, code, message) is outcome


@pytest.mark.parametrize("code", [-1000, -1001, -1006, -1007])
def test_a_code_for_unknown_beats_a_text_for_failed(code: int) -> None:
    assert outcome_of(503, code, INTERNAL_ERROR) is Outcome.UNKNOWN
    assert outcome_of(503, code, SERVICE_UNAVAILABLE) is Outcome.UNKNOWN


def test_the_older_way_of_saying_duplicate_is_an_order_that_exists() -> None:
    assert outcome_of(400, -2010, "Duplicate order sent.") is Outcome.EXISTS


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("code", sorted(set(CODES) - {-1008, -4116}))
def test_no_code_makes_a_server_error_definite(status: int, code: int) -> None:
    assert outcome_of(status, code, "something") is Outcome.UNKNOWN


def test_no_code_stands_in_two_classes() -> None:
    assert not set(_RETRY) & set(_REFUSED)


@pytest.mark.parametrize(
    ("status", "code", "transient"),
    [
        (400, -2015, False),
        (400, -4028, False),
        (400, -2027, False),
        (400, -9999, False),
        (400, -1121, False),
        (400, -1021, True),
        (400, -1003, True),
        (400, None, True),
        (403, None, True),
        (408, -2015, True),
        (429, -1003, True),
        (503, None, True),
    ],
)
def test_a_reader_asks_again_only_where_its_request_was_not_judged(
    status: int, code: int | None, transient: bool
) -> None:
    assert is_transient(status, code) is transient
