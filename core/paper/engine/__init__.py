"""The venue without its sockets: books, accounts and margin, driven by calls and an injected clock.

`Exchange` holds the state; each other module is one thing that can happen to it. Nothing here does I/O: what changed,
and which events it caused, is collected in `Exchange.changes` for whoever made the call.
"""
