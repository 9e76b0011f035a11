"""One account after another, by whichever thread is there."""

import threading

import pytest

from tasks.turns import Turns


def test_what_is_asked_for_meanwhile_is_done_by_the_thread_that_is_at_it() -> None:
    done: list[tuple[int, str]] = []
    begun, go_on = threading.Event(), threading.Event()

    def work(account_id: int) -> None:
        begun.set()
        go_on.wait(5)
        done.append((account_id, threading.current_thread().name))

    turns = Turns(work)
    first = threading.Thread(target=turns.take, args=(1,), name="first")
    first.start()
    begun.wait(5)
    for account_id in (2, 3, 2):
        turns.take(account_id)
    assert done == []
    go_on.set()
    first.join(5)
    assert done == [(1, "first"), (2, "first"), (3, "first")]


def test_one_that_fails_keeps_nobody_else_from_a_turn() -> None:
    done = []

    def work(account_id: int) -> None:
        done.append(account_id)
        if account_id == 1:
            turns.take(2)
            raise RuntimeError

    turns = Turns(work)
    with pytest.raises(RuntimeError):
        turns.take(1)
    turns.take(3)
    assert done == [1, 2, 3]
