"""Candles, shared by all users."""

from sqlalchemy.orm import Mapped, mapped_column

from core.models.columns import Base


class CandleDay(Base):
    """The minutes of one UTC day, packed as core.candles.packing says. `whole`: what is missing, the venue has not."""

    __tablename__ = "candle_days"

    exchange: Mapped[str] = mapped_column(primary_key=True)
    symbol: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # since 1970
    count: Mapped[int] = mapped_column(default=0)
    packed: Mapped[bytes] = mapped_column(default=b"")
    whole: Mapped[bool] = mapped_column(default=False)
