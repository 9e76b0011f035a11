"""One path for start-up, reconnect, crash recovery and the routine check: what the venue says becomes the ledger.

    doubts    orders whose state is not known: asked for, adopted, or proved absent
    trades    the account's own trade list, by cursor
    foreign   trades that are not our orders': the user's, and the venue's
    restored  orders of a future that was lost with a restore
    hearing   whether the account's stream is deaf
    account   an account in full: trades by cursor, open orders, the grid itself
    books     the venue's own income, and funding shares
    audit     whether the books balance
    cells     intended cells against live orders
    crossed   live orders that the market has passed without news

Everything found goes through execution.apply_findings, the same as stream events.
"""
