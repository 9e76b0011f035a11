"""What a grid may come to: its rules over many made-up continuations of the symbol's own past.

`moves`, `scenarios`, `outcomes`, `grades`, `forecasting` and `suggesting` only compute, in a process of their own
(`calculator`); `asking` and `honesty` know the database.
"""
