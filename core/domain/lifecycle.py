"""The statuses of a strategy and of an operation, and the only moves there are."""

from enum import StrEnum

from core.errors import Conflict


class StrategyStatus(StrEnum):
    CREATED = "CREATED"
    WAITING = "WAITING"  # for its trigger price
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"
    FINISHED = "FINISHED"  # the system ended it, with a FinishReason
    FAILED = "FAILED"


class FinishReason(StrEnum):
    TAKE_PROFIT = "TAKE_PROFIT"
    STOP_LOSS = "STOP_LOSS"
    LIQUIDATION = "LIQUIDATION"
    MARGIN = "MARGIN"
    VENUE_UNREACHABLE = "VENUE_UNREACHABLE"
    MARKET_HALT = "MARKET_HALT"
    DELISTED = "DELISTED"
    KEY_REVOKED = "KEY_REVOKED"


class OperationState(StrEnum):
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"


_S = StrategyStatus
ALLOWED: dict[StrategyStatus, frozenset[StrategyStatus]] = {
    _S.CREATED: frozenset({_S.WAITING, _S.STARTING}),
    _S.WAITING: frozenset({_S.STARTING, _S.STOPPING}),
    _S.STARTING: frozenset({_S.RUNNING, _S.STOPPING, _S.FAILED}),
    _S.RUNNING: frozenset({_S.PAUSED, _S.STOPPING}),
    _S.PAUSED: frozenset({_S.RUNNING, _S.STOPPING}),
    _S.STOPPING: frozenset({_S.STOPPED, _S.FINISHED, _S.FAILED}),
    # STOPPING from here: a reset that first closes what the last run has left.
    _S.STOPPED: frozenset({_S.WAITING, _S.STARTING, _S.STOPPING}),
    _S.FINISHED: frozenset({_S.WAITING, _S.STARTING, _S.STOPPING}),  # by a reset only
    _S.FAILED: frozenset({_S.WAITING, _S.STARTING, _S.STOPPING}),
}

ACTIVE = frozenset({_S.WAITING, _S.STARTING, _S.RUNNING, _S.PAUSED, _S.STOPPING})
TRADING = frozenset({_S.STARTING, _S.RUNNING})  # orders may go out for new exposure
PROTECTED = frozenset({_S.STARTING, _S.RUNNING, _S.PAUSED})  # its losing bounds rest at the venue as well
CHANGEABLE = frozenset({_S.RUNNING, _S.PAUSED})  # its grid may become another one without a stop
STARTABLE = frozenset({_S.CREATED, _S.STOPPED, _S.FAILED})
DELETABLE = frozenset({_S.CREATED, _S.STOPPED, _S.FINISHED, _S.FAILED})


def move(current: StrategyStatus, new: StrategyStatus) -> StrategyStatus:
    """`new`, where the table allows it. Raises Conflict (reason bad_state) that names the current status."""
    if new not in ALLOWED[current]:
        raise Conflict("bad_state", f"the strategy is {current}: it can't become {new}")
    return new
