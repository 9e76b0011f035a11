"""Both halves of a reconciliation, without the worker that carries out what the first finds."""

from core.reconciliation.account import read_books, read_orders


def reconcile(account_id: int) -> None:
    read_orders(account_id)
    read_books(account_id)
