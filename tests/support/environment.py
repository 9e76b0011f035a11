"""The environment every test starts from: nothing of the developer's own `.env` or shell reaches a test."""

import atexit
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path

SECRET_KEY = "only-for-tests-only-for-tests-only-for-tests"
CREDENTIALS_KEYS = "dGVzdHMgb25seSwgdGhpcyBpcyBub3QgYSBzZWNyZXQ="
NOBODY_LISTENS = "127.0.0.1:1"

_Cached = type(cache(lambda: None))


def hermetic() -> dict[str, str]:
    """Set before anything of ours is imported. A test that needs a server asks for its fixture."""
    var = Path(tempfile.mkdtemp(prefix="gridkeeper-tests-"))
    atexit.register(shutil.rmtree, var, ignore_errors=True)
    return {
        "VAR_DIR": str(var),
        "DATABASE_URL": f"sqlite:///{var}/no-fixture.db",
        "REDIS_URL": f"redis://{NOBODY_LISTENS}/0",
        "PAPER_URL": f"http://{NOBODY_LISTENS}",
        "SECRET_KEY": SECRET_KEY,
        "CREDENTIALS_KEYS": CREDENTIALS_KEYS,
        "PAPER_ADMIN": "1",
        "PAPER_FEED": "manual",
        "PAPER_STATE": "",
        "FLOWER_BASIC_AUTH": "",
        "LOG_LEVEL": "INFO",
        "NOTIFY_PRIVATE": "1",
    }


def forget_settings() -> None:
    """Empties every module-level cache of ours (settings, engine, clients), so that a changed environment counts."""
    engine = getattr(sys.modules.get("core.db"), "engine", None)
    if engine is not None and engine.cache_info().currsize:
        engine().dispose()
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in {"core", "tasks", "web"}:
            for value in list(vars(module).values()):
                if type(value) is _Cached:
                    value.cache_clear()
