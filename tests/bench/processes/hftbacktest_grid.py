"""The same grid's orders by hftbacktest, in an interpreter of its own: reads the .npz named, prints what it saw.

Its feed is made of the candles, which is not timed: a trade at each point of their path and at each line on the way
there, a microsecond apart. Nothing takes time and nothing else rests in the book, so that an order fills when touched.
"""

import json
import sys
from time import perf_counter

import numpy as np
from hftbacktest import (
    BUY_EVENT,
    EXCH_EVENT,
    FILLED,
    GTC,
    LIMIT,
    LOCAL_EVENT,
    SELL_EVENT,
    TRADE_EVENT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
)
from hftbacktest.types import event_dtype
from numba import njit
from path import path

ENOUGH, APART_NS, MINUTE_NS = 1e9, 1000, 60_000_000_000
END_OF_FEED, ORDER_RESPONSE = 1, 3


def feed(candles, lines):
    """Sellers hit the bids where the price falls, buyers the asks where it rises."""
    candle, prices = path(candles, lines.tolist())
    events = np.zeros(len(prices), event_dtype)
    aggressor = np.where(np.diff(prices, prepend=prices[0]) < 0, SELL_EVENT, BUY_EVENT)
    events["ev"] = EXCH_EVENT | LOCAL_EVENT | TRADE_EVENT | aggressor
    within = np.arange(len(prices)) - np.searchsorted(candle, candle)
    events["exch_ts"] = events["local_ts"] = (candle + 1) * MINUTE_NS + within * APART_NS
    events["px"], events["qty"] = prices, ENOUGH
    return events


@njit
def trade(venue, lines, buying, quantity, fills):
    """How many `fills` (candle, side, tick) there were. An order's number tells its cell."""
    cells, count = len(lines) - 1, 0
    venue.wait_next_feed(False, MINUTE_NS)
    for cell in range(cells):
        rest(venue, lines, cell, quantity, cell < buying, 0)
    while True:
        seen = venue.wait_next_feed(True, 2 * MINUTE_NS)
        if seen == END_OF_FEED:
            return count
        if seen != ORDER_RESPONSE:
            continue
        before, cell, bought = count, 0, False
        orders = venue.orders(0).values()
        while orders.has_next():
            order = orders.get()
            if order.status == FILLED:
                cell, bought = order.order_id % cells, order.side > 0
                candle, tick = order.exch_timestamp // MINUTE_NS - 1, order.exec_price_tick
                fills[count, 0], fills[count, 1], fills[count, 2] = candle, order.side, tick
                count += 1
        if count > before:
            venue.clear_inactive_orders(0)
            rest(venue, lines, cell, quantity, not bought, count)


@njit
def rest(venue, lines, cell, quantity, buys, turn):  # noqa: PLR0917 - numba takes them by place
    number = turn * (len(lines) - 1) + cell
    if buys:
        venue.submit_buy_order(0, number, lines[cell], quantity, GTC, LIMIT, False)
    else:
        venue.submit_sell_order(0, number, lines[cell + 1], quantity, GTC, LIMIT, False)


def run(given, events):
    """(seconds, profit, fills) of a venue with an empty book."""
    tick, quantity, fee = float(given["tick"]), float(given["quantity"]), float(given["fee"])
    asset = BacktestAsset().data(events).linear_asset(1.0).constant_order_latency(0, 0).risk_adverse_queue_model()
    asset = asset.no_partial_fill_exchange().trading_value_fee_model(fee, fee).tick_size(tick).lot_size(quantity)
    fills = np.zeros((len(events), 3), np.int64)
    began = perf_counter()
    venue = HashMapMarketDepthBacktest([asset])
    count = trade(venue, given["lines"], int(given["buying"]), quantity, fills)
    took = perf_counter() - began
    books = venue.state_values(0)
    pnl = books.balance + books.position * given["candles"][3, -1] - books.fee
    venue.close()
    return took, pnl, [(candle, side, round(at * tick, 10)) for candle, side, at in fills[:count].tolist()]


def main():
    given = dict(np.load(sys.argv[1]))
    events = feed(given["candles"], given["lines"])
    run(given, events)
    took, pnl, fills = run(given, events)
    print(json.dumps({"seconds": took, "pnl": pnl, "fills": fills if "fills" in sys.argv else len(fills)}))


if __name__ == "__main__":
    main()
