"""The grid simulator: the rules that trade, over candles, compiled and exact.

Conventions: the entry is the first candle's open; a candle is walked open, low, high, close where it rose and open,
high, low, close where it fell, and from one close to the next open. A resting order fills whole at its line's price at
the maker fee when the path reaches it, and its counter-order may fill on the rest of the path; market orders pay the
taker fee. A grid with a trigger price begins where the path reaches it, and its market orders fill there. One that
trails takes a step where the path is a spacing beyond the range and the cell that it would lose is flat. Trading does
both at the first mark price that it sees there, which takes it a moment. Funding is applied before the path of the
first candle at or past its time. A stop closes at its price, a liquidation at the tick where equity is no more than the
maintenance margin; both end the run. Not simulated: `cell_loss_limit`.
"""
