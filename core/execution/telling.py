"""The event log: what happened to a strategy, for people."""

from typing import Any

from sqlalchemy.orm import Session

from core.models import Event, GridStrategy


def tell(session: Session, strategy: GridStrategy, code: str, message: str, level: str = "INFO", **data: Any) -> None:
    """`level` is INFO, WARNING or ALARM; `data` plain values for programs, decimals as strings."""
    session.add(
        Event(
            user_id=strategy.user_id,
            strategy_id=strategy.id,
            account_id=strategy.account_id,
            level=level,
            code=code,
            message=message,
            data={"status": strategy.status, "finish_reason": strategy.finish_reason, **data},
        )
    )
