"""Every path and method of the venue, with its weight and what it asks of the caller."""

from core.paper.engine.refusals import not_offered
from core.paper.server import account_calls as account
from core.paper.server import algo_calls as algo
from core.paper.server import market_calls as market
from core.paper.server import order_calls as orders
from core.paper.server import setting_calls as setting
from core.paper.server.call import Call, Endpoint, Security
from core.paper.server.params import Params

_KEY, _SIGNED = Security.KEY, Security.SIGNED


def _missing(what: str) -> Endpoint:
    def answer(_: Call) -> None:
        raise not_offered(what)

    return Endpoint(answer)


class _Weight:
    """Less for one symbol than for all."""

    def __init__(self, one: int, every: int) -> None:
        self._one = one
        self._every = every

    def __call__(self, params: Params) -> int:
        return self._one if params.has("symbol") else self._every


def _klines_weight(params: Params) -> int:
    limit = params.limit(500, 1500)
    return next(weight for most, weight in ((99, 1), (499, 2), (1000, 5), (1500, 10)) if limit <= most)


_PLACE = Endpoint(orders.place_order, 0, _SIGNED, orders=1, trades=True)
_CANCEL = Endpoint(orders.cancel_order, 1, _SIGNED, trades=True)
_PLACE_ALGO = Endpoint(algo.place_algo, 0, _SIGNED, orders=1, trades=True)
_CANCEL_ALGO = Endpoint(algo.cancel_algo, 1, _SIGNED, trades=True)
_BALANCE = Endpoint(account.balance, 5, _SIGNED)
_PRICE = Endpoint(market.ticker_price, _Weight(1, 2))
_BOOK = Endpoint(market.book_ticker, _Weight(2, 5))
_DEPTH = Endpoint(market.depth, 2)
_ORDER = Endpoint(orders.query_order, 1, _SIGNED)
_OPEN_KEY = Endpoint(setting.open_listen_key, 1, _KEY)
_EXTEND_KEY = Endpoint(setting.extend_listen_key, 1, _KEY)
_CLOSE_KEY = Endpoint(setting.close_listen_key, 1, _KEY)

REST: dict[tuple[str, str], Endpoint] = {
    ("GET", "/fapi/v1/ping"): Endpoint(market.ping),
    ("GET", "/fapi/v1/time"): Endpoint(market.server_time),
    ("GET", "/fapi/v1/exchangeInfo"): Endpoint(market.exchange_info),
    ("GET", "/fapi/v1/klines"): Endpoint(market.klines, _klines_weight),
    ("GET", "/fapi/v1/premiumIndex"): Endpoint(market.premium_index, _Weight(1, 10)),
    ("GET", "/fapi/v1/fundingRate"): Endpoint(market.funding_rate),
    ("GET", "/fapi/v1/fundingInfo"): Endpoint(market.funding_info, 0),
    ("GET", "/fapi/v1/ticker/price"): _PRICE,
    ("GET", "/fapi/v2/ticker/price"): _PRICE,
    ("GET", "/fapi/v1/ticker/bookTicker"): _BOOK,
    ("GET", "/fapi/v1/ticker/24hr"): Endpoint(market.ticker_day, _Weight(1, 40)),
    ("GET", "/fapi/v1/depth"): _DEPTH,
    ("POST", "/fapi/v1/order"): _PLACE,
    ("GET", "/fapi/v1/order"): _ORDER,
    ("DELETE", "/fapi/v1/order"): _CANCEL,
    ("PUT", "/fapi/v1/order"): _missing("modifying orders"),
    ("POST", "/fapi/v1/order/test"): Endpoint(orders.test_order, 0, _SIGNED),
    ("POST", "/fapi/v1/batchOrders"): Endpoint(orders.place_some_orders, 5, _SIGNED, orders=5, trades=True),
    ("DELETE", "/fapi/v1/batchOrders"): Endpoint(orders.cancel_some_orders, 1, _SIGNED, trades=True),
    ("PUT", "/fapi/v1/batchOrders"): _missing("modifying orders"),
    ("DELETE", "/fapi/v1/allOpenOrders"): Endpoint(orders.cancel_all_orders, 1, _SIGNED, trades=True),
    ("POST", "/fapi/v1/countdownCancelAll"): _missing("a countdown cancel"),
    ("GET", "/fapi/v1/openOrder"): Endpoint(orders.query_open_order, 1, _SIGNED),
    ("GET", "/fapi/v1/openOrders"): Endpoint(orders.open_orders, _Weight(1, 40), _SIGNED),
    ("GET", "/fapi/v1/allOrders"): Endpoint(orders.all_orders, 5, _SIGNED),
    ("GET", "/fapi/v1/userTrades"): Endpoint(orders.user_trades, 5, _SIGNED),
    ("POST", "/fapi/v1/algoOrder"): _PLACE_ALGO,
    ("GET", "/fapi/v1/algoOrder"): Endpoint(algo.query_algo, 1, _SIGNED),
    ("DELETE", "/fapi/v1/algoOrder"): _CANCEL_ALGO,
    ("GET", "/fapi/v1/openAlgoOrders"): Endpoint(algo.open_algos, _Weight(1, 40), _SIGNED),
    ("GET", "/fapi/v1/allAlgoOrders"): Endpoint(algo.all_algos, 5, _SIGNED),
    ("DELETE", "/fapi/v1/algoOpenOrders"): Endpoint(algo.cancel_all_algos, 1, _SIGNED, trades=True),
    ("GET", "/fapi/v2/balance"): _BALANCE,
    ("GET", "/fapi/v3/balance"): _BALANCE,
    ("GET", "/fapi/v2/account"): Endpoint(account.account_v2, 5, _SIGNED),
    ("GET", "/fapi/v3/account"): Endpoint(account.account_v3, 5, _SIGNED),
    ("GET", "/fapi/v2/positionRisk"): Endpoint(account.position_risk_v2, 5, _SIGNED),
    ("GET", "/fapi/v3/positionRisk"): Endpoint(account.position_risk_v3, 5, _SIGNED),
    ("GET", "/fapi/v1/income"): Endpoint(account.income, 30, _SIGNED),
    ("GET", "/fapi/v1/commissionRate"): Endpoint(account.commission_rate, 20, _SIGNED),
    ("GET", "/fapi/v1/leverageBracket"): Endpoint(account.leverage_bracket, 1, _SIGNED),
    ("POST", "/fapi/v1/leverage"): Endpoint(setting.set_leverage, 1, _SIGNED),
    ("POST", "/fapi/v1/marginType"): Endpoint(setting.set_margin_type, 1, _SIGNED),
    ("GET", "/fapi/v1/positionSide/dual"): Endpoint(setting.position_mode, 30, _SIGNED),
    ("POST", "/fapi/v1/positionSide/dual"): Endpoint(setting.set_position_mode, 1, _SIGNED),
    ("GET", "/fapi/v1/multiAssetsMargin"): Endpoint(setting.multi_assets, 30, _SIGNED),
    ("POST", "/fapi/v1/multiAssetsMargin"): Endpoint(setting.set_multi_assets, 1, _SIGNED),
    ("GET", "/fapi/v1/accountConfig"): Endpoint(setting.account_config, 5, _SIGNED),
    ("GET", "/fapi/v1/symbolConfig"): Endpoint(setting.symbol_config, 5, _SIGNED),
    ("GET", "/fapi/v1/rateLimit/order"): Endpoint(setting.order_limits, 1, _SIGNED),
    ("POST", "/fapi/v1/listenKey"): _OPEN_KEY,
    ("PUT", "/fapi/v1/listenKey"): _EXTEND_KEY,
    ("DELETE", "/fapi/v1/listenKey"): _CLOSE_KEY,
}

WS: dict[str, Endpoint] = {
    "order.place": _PLACE,
    "order.cancel": _CANCEL,
    "order.status": _ORDER,
    "order.modify": _missing("modifying orders"),
    "algoOrder.place": _PLACE_ALGO,
    "algoOrder.cancel": _CANCEL_ALGO,
    "account.balance": _BALANCE,
    "v2/account.balance": _BALANCE,
    "account.status": Endpoint(account.account_v2, 5, _SIGNED),
    "v2/account.status": Endpoint(account.account_v3, 5, _SIGNED),
    "account.position": Endpoint(account.position_risk_v2, 5, _SIGNED),
    "v2/account.position": Endpoint(account.position_risk_v3, 5, _SIGNED),
    "ticker.price": _PRICE,
    "ticker.book": _BOOK,
    "depth": _DEPTH,
    "userDataStream.start": _OPEN_KEY,
    "userDataStream.ping": _EXTEND_KEY,
    "userDataStream.stop": _CLOSE_KEY,
}
