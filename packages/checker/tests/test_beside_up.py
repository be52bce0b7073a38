import functools
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from emeter_checker import beside_up as module
from emeter_checker.beside_up import beside_up
from emeter_core.handed_on import hand_on, when_handed_on_anew
from emeter_core.settings import Settings
from emeter_storage.errors import UserError


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("DATABASE_URL", "REDIS_URL", "SMTP_URL", "PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EMETER_DATA_DIR", str(tmp_path))
    quick = functools.partial(when_handed_on_anew, every=0.01)
    monkeypatch.setattr(module, "when_handed_on_anew", quick)
    monkeypatch.setattr(module, "setup_logging", lambda *_: None)  # It would be that of all tests.
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_where_up_begins_with_other_settings_the_end_is_wished_for_and_told() -> None:
    hand_on(Settings.load())
    process = beside_up("worker")
    stop, settings = process.__enter__()
    assert not stop.wait(0.1)
    hand_on(settings.model_copy(update={"port": 9000}))
    assert stop.wait(10)
    with pytest.raises(UserError, match="`emeter up` has other settings now: start this again"):
        process.__exit__(None, None, None)


def test_whom_others_ask_to_end_ends_well() -> None:
    hand_on(Settings.load())
    with beside_up("worker") as (stop, _):
        signal.raise_signal(signal.SIGTERM)
        assert stop.wait(10)


def test_a_sender_is_not_to_write_mails_to_files_where_up_sends_them(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as there:
        there.setenv("SMTP_URL", "smtp://mail.example.com")
        hand_on(Settings.load())
    with pytest.raises(UserError, match="SMTP_URL must be set"), beside_up("sender", "SMTP_URL"):
        pass
