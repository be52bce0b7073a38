"""What a worker beside `emeter up` goes by: its own environment, then what that has decided."""

import json
from ipaddress import ip_network
from pathlib import Path

import pytest

from emeter_core.handed_on import hand_on, load_beside_up
from emeter_core.settings import Settings
from emeter_storage.errors import UserError

DECIDED = {
    "EMETER_PRIVATE_TARGETS": "10.0.0.0/8",
    "HOST": "127.0.0.1",
    "PORT": "9000",
    "BASE_URL": "http://x:9000",
}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DATABASE_URL", "REDIS_URL", *DECIDED):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EMETER_DATA_DIR", str(tmp_path))
    return tmp_path


def decide(**more: str) -> None:
    hand_on(Settings.load().directory, DECIDED | more)


@pytest.mark.usefixtures("data")
def test_what_up_has_decided_holds() -> None:
    decide()
    settings = load_beside_up()
    assert settings.private_targets == (ip_network("10.0.0.0/8"),)
    assert settings.port == 9000
    assert "http://127.0.0.1:9000" not in settings.own_servers, "its pages are for everybody"


@pytest.mark.usefixtures("data")
def test_nothing_that_up_keeps_closed_is_opened() -> None:
    decide(EMETER_PRIVATE_TARGETS="")
    assert load_beside_up().private_targets == ()


@pytest.mark.usefixtures("data")
def test_the_own_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    decide()
    monkeypatch.setenv("EMETER_PRIVATE_TARGETS", "192.168.0.0/16")
    assert load_beside_up().private_targets == (ip_network("192.168.0.0/16"),)


@pytest.mark.usefixtures("data")
def test_without_up_or_with_a_database_of_ones_own_defaults_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load_beside_up().private_targets == ()
    decide()
    monkeypatch.setenv("DATABASE_URL", "postgresql://me@localhost/mine")
    assert load_beside_up().private_targets == ()


@pytest.mark.parametrize("text", ["{", "[]", "{}", json.dumps(DECIDED | {"PORT": "many"})])
def test_a_damaged_file_is_told_in_a_line(data: Path, text: str) -> None:
    (data / "handed_on.json").write_text(text)
    with pytest.raises(UserError, match=r"handed_on\.json .*start `emeter up` again"):
        load_beside_up()


def test_the_file_is_for_its_owner_alone(data: Path) -> None:
    decide()
    assert (data / "handed_on.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in data.iterdir()] == ["handed_on.json"]
