"""The `emeter` command with and without a database."""

from collections.abc import Callable

import pytest

from emeter_core.testing.terminal import Terminal

KEY = "a secret of the tests, long enough"


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """Without a database."""
    for name in ("REDIS_URL", "DATABASE_URL", "SECRET_KEY", "SECRET_KEY_OLD", "HOST", "PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EMETER_DATA_DIR", str(tmp_path_factory.mktemp("none") / "data"))
    return Terminal()


@pytest.fixture
def emeter(bare: Terminal, monkeypatch: pytest.MonkeyPatch, new_database: Callable[..., str]) -> Terminal:
    """With a migrated database in which nobody is."""
    monkeypatch.setenv("DATABASE_URL", new_database())
    monkeypatch.setenv("SECRET_KEY", KEY)
    return bare


@pytest.fixture
def mine(emeter: Terminal) -> Terminal:
    """With one user."""
    emeter.create_user()
    return emeter
