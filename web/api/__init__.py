"""A file per resource."""

from web.api import (
    accuracy,
    auth,
    connections,
    events,
    exchange_keys,
    forecasts,
    grid,
    kill_switch,
    market,
    notifications,
    operations,
    portfolio,
    symbols,
    tasks,
    trading,
)

BLUEPRINTS = (
    auth.blp,
    exchange_keys.blp,
    grid.blp,
    forecasts.blp,
    accuracy.blp,
    operations.blp,
    trading.blp,
    symbols.blp,
    market.blp,
    portfolio.blp,
    connections.blp,
    events.blp,
    kill_switch.blp,
    notifications.blp,
    tasks.blp,
)
