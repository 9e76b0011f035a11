"""A recorded month through the real processes: three accounts, each with a grid of every type on one symbol, and at the
end the books of every strategy and account to the last digit.

    market   the candles and the funding, as steps that the grids can notice
    grids    what the accounts trade: grids with stops, grids that trail, grids that are updated on the way
    replay   the month itself
"""
