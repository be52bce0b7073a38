"""The `emeter` command with and without a database."""

import io
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from emeter_core.testing import terminal
from emeter_core.testing.terminal import Terminal

KEY = "a secret of the tests, long enough"


class Typed(io.StringIO):
    """A stdin that has bytes below its text, as that of a process has."""

    @property
    def buffer(self) -> io.BytesIO:
        """The bytes, from the first one on."""
        return io.BytesIO(self.getvalue().encode(errors="surrogateescape"))


def _stream(*typed: str) -> io.StringIO:
    return Typed(*typed) if typed else io.StringIO()


@pytest.fixture
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the commands believe that a person types what comes on stdin."""
    monkeypatch.setattr(Typed, "isatty", lambda _self: True)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """Without a database."""
    monkeypatch.setattr(terminal, "io", SimpleNamespace(StringIO=_stream))
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
