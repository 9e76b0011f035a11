"""The venue's sockets: REST, ws-fapi and the streams around `core.paper.engine`, and the memory that outlives them."""
