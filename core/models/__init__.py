"""The tables. Every module is imported here, so that the metadata is whole."""

from core.models.account import NOT_OF_TRADES, ExchangeApi, Funding, Income, TradeCursor
from core.models.candles import CandleDay
from core.models.columns import NOW, Base, Exact, Moment
from core.models.forecast import Forecast
from core.models.notification import Notification, NotificationSettings, NotificationTarget
from core.models.order import LIVE_IN_SQL, Fill, GridOrder
from core.models.strategy import EquitySnapshot, GridCell, GridStrategy, Operation
from core.models.system import Installation, Lease, Switch, SymbolRule
from core.models.user import Event, IdempotencyKey, RefreshToken, User

__all__ = [
    "LIVE_IN_SQL",
    "NOT_OF_TRADES",
    "NOW",
    "Base",
    "CandleDay",
    "EquitySnapshot",
    "Event",
    "Exact",
    "ExchangeApi",
    "Fill",
    "Forecast",
    "Funding",
    "GridCell",
    "GridOrder",
    "GridStrategy",
    "IdempotencyKey",
    "Income",
    "Installation",
    "Lease",
    "Moment",
    "Notification",
    "NotificationSettings",
    "NotificationTarget",
    "Operation",
    "RefreshToken",
    "Switch",
    "SymbolRule",
    "TradeCursor",
    "User",
]
