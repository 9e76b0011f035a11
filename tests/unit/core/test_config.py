"""Settings from the environment."""

import pytest

from core.config import settings
from core.errors import ConfigurationError
from tests.support.environment import forget_settings


def test_every_variable_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "CREDENTIALS_KEYS"):
        monkeypatch.delenv(name)
    forget_settings()
    with pytest.raises(ConfigurationError, match=r"SECRET_KEY.*CREDENTIALS_KEYS|CREDENTIALS_KEYS.*SECRET_KEY"):
        settings()
    forget_settings()
