"""Settings from the environment, which beats the file `.env` in the checkout. All errors are told at once."""

import os
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from cryptography.fernet import Fernet
from environs import Env, EnvError, validate

from core.errors import ConfigurationError

ROOT = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("VAR_DIR") or ROOT / "var")
LIVE_EXCHANGES = ("binance", "binance-testnet")


@dataclass(frozen=True, slots=True)
class Settings:
    """Of the environment; windows in ms, graces and ages in seconds. The simulated exchange reads its own variables.

    `liquidation_warn_pct`: at which distances from liquidation (percent of the mark price) to warn, farthest first;
    `margin_*_at`: the margin ratios from which an account opens nothing new, and from which its strategies end.
    """

    database_url: str
    redis_url: str
    secret_key: str
    credentials_keys: tuple[str, ...]
    port: int
    paper_url: str
    grid_reserve: Decimal
    refuse_liquidation_inside_range: bool
    liquidation_warn_pct: tuple[Decimal, ...]
    margin_refuse_at: Decimal
    margin_end_at: Decimal
    venue_limit_s: float
    key_limit_s: float
    halt_limit_s: float
    delist_lead_s: float
    flower_basic_auth: str
    log_level: str
    worker_concurrency: int
    notify_private: bool
    recv_window: int | None
    unknown_grace: float | None

    def recv_window_ms(self, exchange: str) -> int:
        """How long after its timestamp the venue still takes a signed order request, ms."""
        return self.recv_window or (5000 if exchange in LIVE_EXCHANGES else 3000)

    def unknown_grace_s(self, exchange: str) -> float:
        """How long after that window an order may still surface, seconds."""
        if self.unknown_grace is not None:
            return self.unknown_grace
        return 60.0 if exchange in LIVE_EXCHANGES else 2.0

    def absence_spacing_s(self, exchange: str) -> float:
        """Pause between the three answers that together prove that an order does not exist, seconds."""
        return 10.0 if exchange in LIVE_EXCHANGES else 0.5


def embedded_redis_url() -> str:
    """The address that the runner's embedded server published, or empty."""
    file = VAR / "redis.url"
    return file.read_text().strip() if file.exists() else ""


@cache
def settings() -> Settings:
    """Reads and checks the environment once per process; raises ConfigurationError naming every bad variable."""
    env = Env(eager=False)
    env.read_env(str(ROOT / ".env"), recurse=False)
    values = Settings(
        database_url=env.str("DATABASE_URL", "") or f"sqlite:///{VAR}/gridkeeper.db",
        redis_url=env.str("REDIS_URL", "") or embedded_redis_url(),
        secret_key=env.str("SECRET_KEY", validate=validate.Length(min=32)),
        credentials_keys=tuple(env.list("CREDENTIALS_KEYS", validate=_fernet_keys) or ()),  # told by seal()
        port=env.int("PORT", 8000),
        paper_url=env.str("PAPER_URL", "http://127.0.0.1:8090").rstrip("/"),
        grid_reserve=env.decimal("GRID_RESERVE", Decimal("0.02")),
        refuse_liquidation_inside_range=env.str(
            "LIQUIDATION_INSIDE_RANGE", "warn", validate=validate.OneOf(["warn", "refuse"])
        )
        == "refuse",
        liquidation_warn_pct=tuple(
            sorted(
                env.list("LIQUIDATION_WARN_PCT", [Decimal(20), Decimal(10), Decimal(5)], subcast=Decimal), reverse=True
            )
        ),
        margin_refuse_at=env.decimal("MARGIN_REFUSE_AT", Decimal("0.7")),
        margin_end_at=env.decimal("MARGIN_END_AT", Decimal("0.9")),
        venue_limit_s=env.float("VENUE_LIMIT_S", 3600.0),
        key_limit_s=env.float("KEY_LIMIT_S", 3600.0),
        halt_limit_s=env.float("HALT_LIMIT_S", 900.0),
        delist_lead_s=env.float("DELIST_LEAD_S", 3600.0),
        flower_basic_auth=env.str("FLOWER_BASIC_AUTH", ""),
        log_level=env.str("LOG_LEVEL", "INFO").upper(),
        worker_concurrency=env.int("WORKER_CONCURRENCY", 16),
        notify_private=env.bool("NOTIFY_PRIVATE", False),
        recv_window=env.int("RECV_WINDOW_MS", None),
        unknown_grace=env.float("UNKNOWN_GRACE_S", None),
    )
    try:
        env.seal()
    except EnvError as error:
        raise ConfigurationError(f"the environment is not usable: {error}") from None
    return values


def _fernet_keys(keys: list[str]) -> None:
    if not keys:
        raise EnvError("at least one key is needed")
    for key in keys:
        try:
            Fernet(key)
        except ValueError:
            raise EnvError("each key must be a Fernet key: 32 bytes, url-safe base64") from None
