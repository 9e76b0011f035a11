"""The document says what the wire carries."""

from typing import Any

import pytest
from flask.testing import FlaskClient


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    return dict(client.get("/api/openapi.json").json or {})


def properties(document: dict[str, Any], schema: str) -> dict[str, Any]:
    return dict(document["components"]["schemas"][schema]["properties"])


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    ]


@pytest.mark.parametrize(
    ("schema", "field"),
    [("NewStrategy", "total_investment"), ("Strategy", "upper_price"), ("Performance", "total_pnl"), ("Order", "fee")],
)
def test_decimals_are_strings_with_a_pattern(document: dict[str, Any], schema: str, field: str) -> None:
    told = properties(document, schema)[field]
    assert (told["type"], told["format"]) == ("string", "decimal")
    assert told["pattern"].endswith("$")


def test_counts_are_integers_and_times_are_times(document: dict[str, Any]) -> None:
    assert properties(document, "Strategy")["live_levels"]["type"] == "integer"
    assert properties(document, "Strategy")["created_at"]["format"] == "date-time"
    assert properties(document, "Candle")["open_time"]["format"] == "date-time"


def test_choices_are_named(document: dict[str, Any]) -> None:
    assert properties(document, "NewStrategy")["strategy_type"]["enum"] == ["BULLISH", "NEUTRAL", "BEARISH"]


def test_secrets_are_never_in_an_answer(document: dict[str, Any]) -> None:
    assert properties(document, "NewExchangeKey")["api_secret"]["writeOnly"] is True
    assert not {"api_key", "api_secret"} & properties(document, "ExchangeKey").keys()
    assert "password" not in properties(document, "User")


def test_every_operation_has_a_summary_and_one_shape_of_error(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        assert operation.get("summary"), f"{method} {path}"
        assert operation["responses"]["default"] == {"$ref": "#/components/responses/DEFAULT_ERROR"}


def test_the_error_shape_has_its_reason(document: dict[str, Any]) -> None:
    assert {"code", "status", "message", "errors", "reason"} == properties(document, "Error").keys()


def test_lists_tell_of_their_pages(document: dict[str, Any]) -> None:
    listing = document["paths"]["/api/v1/grid/orders/{exchange}/{grid_id}"]["get"]
    header = listing["responses"]["200"]["headers"]["X-Pagination"]
    assert header["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/PaginationMetadata"}
    assert {"page", "page_size", "status", "side"} <= {parameter["name"] for parameter in listing["parameters"]}


def test_versioned_operations_ask_for_if_match(document: dict[str, Any]) -> None:
    for path, method in (("update", "put"), ("delete", "delete")):
        parameters = document["paths"][f"/api/v1/grid/{path}/{{exchange}}/{{grid_id}}"][method]["parameters"]
        assert any(parameter["name"] == "If-Match" and parameter["required"] for parameter in parameters)


def test_the_exchanges_are_named(document: dict[str, Any]) -> None:
    path = document["paths"]["/api/v1/grid/list/{exchange}"]
    parameter = next(entry for entry in path["parameters"] if entry["name"] == "exchange")
    assert parameter["schema"]["enum"] == ["paper", "binance", "binance-testnet"]


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
