"""The exchange's official Python SDK, unchanged but for its base URLs, pointed at the simulated exchange.

Its models are strict: an answer with a wrong type makes it log a warning, which fails the test (`sdk_complaints`).
"""

from decimal import Decimal
from typing import Any

import pytest
from binance_common.configuration import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_sdk_derivatives_trading_usds_futures import DerivativesTradingUsdsFutures
from pydantic import BaseModel

from tests.integration.paper.clients.keys import Keys
from tests.support.venue import Venue

Sdk = DerivativesTradingUsdsFutures
# fields of the SDK's models that only other kinds of order or contract have
CONDITIONAL_ONLY = ("activate_price", "price_rate", "callback_rate")
COIN_MARGINED_ONLY = ("base_qty", "cum_base", "pair")
ALGO_OPTIONAL = (*CONDITIONAL_ONLY, "iceberg_quantity", "quantity")
ALGO_UNTRIGGERED = (*ALGO_OPTIONAL, "actual_order_id", "actual_price", "actual_qty", "actual_type", "tp_order_type")
ALGO_LEGS = ("tp_trigger_price", "tp_price", "sl_trigger_price", "sl_price")


def sdk_of(venue: Venue, keys: Keys) -> Sdk:
    sockets = venue.url.replace("http", "ws", 1)
    identity = {"api_key": keys.api_key, "api_secret": keys.secret, "private_key": keys.private_key}
    return Sdk(
        ConfigurationRestAPI(base_path=venue.url, timeout=5000, retries=0, **identity),
        ConfigurationWebSocketAPI(stream_url=f"{sockets}/ws-fapi/v1", **identity),
        ConfigurationWebSocketStreams(stream_url=f"{sockets}/stream"),
    )


def sdk_complaints(log: pytest.LogCaptureFixture) -> list[str]:
    """What the SDK said about answers that did not fit its models."""
    said = [record.getMessage() for record in log.get_records("call")]
    return [text for text in said if "arse" in text or text.startswith("Error in callback")]


def assert_whole(model: object, *, without: tuple[str, ...] = ()) -> None:
    """Every field that the SDK documents is there, all the way down."""
    for part in model if isinstance(model, list) else [model]:
        if isinstance(part, BaseModel):
            for name in type(part).model_fields:
                if name not in (*without, "additional_properties"):
                    assert getattr(part, name) is not None, f"{type(part).__name__}.{name} is missing"
                    assert_whole(getattr(part, name), without=without)


def place_limit(sdk: Sdk, side: str, price: str, quantity: str = "0.010", **more: Any) -> Any:
    return sdk.rest_api.new_order(
        symbol="BTCUSDT",
        side=side,
        type="LIMIT",
        time_in_force=more.pop("time_in_force", "GTC"),
        quantity=Decimal(quantity),
        price=Decimal(price),
        **more,
    ).data()


def buy_at_market(sdk: Sdk, quantity: str = "0.010") -> Any:
    return sdk.rest_api.new_order(
        symbol="BTCUSDT", side="BUY", type="MARKET", quantity=Decimal(quantity), new_order_resp_type="RESULT"
    ).data()


def place_stop(sdk: Sdk, trigger: str, client_algo_id: str) -> Any:
    return sdk.rest_api.new_algo_order(
        algo_type="CONDITIONAL",
        symbol="BTCUSDT",
        side="SELL",
        type="STOP_MARKET",
        trigger_price=Decimal(trigger),
        working_type="MARK_PRICE",
        close_position="true",
        client_algo_id=client_algo_id,
    ).data()
