"""Pure: what a grid is and decides. Standard library and core.errors only; no I/O, no clock, no frameworks."""
