"""How orders reach the venue and how its news reaches the ledger: decide, record, send.

events    apply_all: fills and order news -> bookings and the next intents, in one transaction
together  what streams and replies tell at the same moment, in one transaction
booking   one order's news and one trade, booked exactly
intents   new orders, and claiming them for an attempt
claiming  PENDING orders whose time has come
identity  client order ids
rates     tokens of the venue's order limits, and circuit breakers
switches  what halts trading
telling   the event log
rules     a symbol's stored rules
replies   refusals and doubts, noted on the attempt they belong to
sending   the only place where bytes leave, and where replies come in
"""
