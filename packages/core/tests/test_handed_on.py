"""What works beside `emeter up` goes by: what that has, then its own environment."""

import json
import time
from ipaddress import ip_network
from pathlib import Path
from threading import Event

import pytest

from emeter_core.commands.edge import Edge
from emeter_core.handed_on import hand_on, load_beside_up, tell_ignored, when_handed_on_anew
from emeter_core.settings import Settings
from emeter_storage.errors import UserError

UP = {
    "EMETER_PRIVATE_TARGETS": "10.0.0.0/8,fd00::/8",
    "EMETER_ANCHORS": "1.1.1.1:443,[2606:4700::1111]:443",
    "PORT": "9000",
    "BASE_URL": "http://localhost:9000",
    "EMETER_METRICS_PORT": "9600",
    "MAIL_FROM": "Up <up@example.com>",
}
GIVEN = ("DATABASE_URL", "REDIS_URL", "SMTP_URL", "HOST")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (*GIVEN, *UP):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EMETER_DATA_DIR", str(tmp_path))
    return tmp_path


def goes_by(**more: str) -> Settings:
    """Have an `emeter up` go by such an environment; returns its settings."""
    with pytest.MonkeyPatch.context() as there:
        for name, value in (UP | more).items():
            there.setenv(name, value)
        settings = Settings.load()
    hand_on(settings)
    return settings


@pytest.mark.usefixtures("data")
def test_all_that_up_has_holds() -> None:
    up = goes_by()
    assert load_beside_up() == up
    assert up.private_targets == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    assert up.anchors == (("1.1.1.1", 443), ("2606:4700::1111", 443))


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "3000"),
        ("HOST", "myhost"),
        ("BASE_URL", "https://status.example.com"),
        ("EMETER_METRICS_PORT", "0"),
        ("EMETER_PRIVATE_TARGETS", "192.168.0.0/16"),
        ("EMETER_PRIVATE_TARGETS", ""),
    ],
)
def test_no_environment_opens_or_unguards_what_up_has_not(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    up = goes_by()
    assert "http://127.0.0.1:9000" in up.own_servers
    monkeypatch.setenv(name, value)
    settings = load_beside_up()
    assert (settings.own_servers, settings.private_targets) == (up.own_servers, up.private_targets)


@pytest.mark.usefixtures("data")
def test_what_does_not_count_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    goes_by()
    monkeypatch.setenv("PORT", "3000")
    monkeypatch.setenv("EMETER_METRICS_PORT", "9600")
    tell_ignored(load_beside_up())
    assert [record.fields for record in caplog.records] == [{"setting": "PORT"}]


@pytest.mark.usefixtures("data")
def test_what_is_not_agreed_on_is_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_by(EMETER_LOG_LEVEL="error")
    monkeypatch.setenv("EMETER_LOG_LEVEL", "debug")
    assert load_beside_up().log_level == "debug"


@pytest.mark.usefixtures("data")
def test_nothing_that_up_keeps_closed_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_by(EMETER_PRIVATE_TARGETS="")
    monkeypatch.setenv("EMETER_PRIVATE_TARGETS", "10.0.0.0/8")
    assert load_beside_up().private_targets == ()


@pytest.mark.usefixtures("data")
def test_a_command_writes_links_to_the_pages_of_up() -> None:
    goes_by()
    assert Edge().settings.base_url == "http://localhost:9000"


@pytest.mark.usefixtures("data")
def test_without_up_or_with_a_database_of_ones_own_the_environment_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load_beside_up() == Settings.load()
    goes_by()
    monkeypatch.setenv("DATABASE_URL", "postgresql://me@localhost/mine")
    assert load_beside_up() == Settings.load()


def test_a_setting_with_a_password_must_be_given_where_it_is_needed(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "smtp://me:hush-hush@mail.example.com"
    goes_by(SMTP_URL=url)
    assert "hush" not in (data / "handed_on.json").read_text()
    load_beside_up(["REDIS_URL"])
    with pytest.raises(UserError, match=r"^SMTP_URL must be set as `emeter up` has it\.$"):
        load_beside_up(["REDIS_URL", "SMTP_URL"])
    monkeypatch.setenv("SMTP_URL", url)
    assert load_beside_up(["REDIS_URL", "SMTP_URL"]).smtp_url == url


@pytest.mark.usefixtures("data")
def test_whoever_goes_by_it_hears_of_others() -> None:
    up, heard = goes_by(), Event()
    when_handed_on_anew(up, heard.set, every=0.01)
    goes_by()
    assert not heard.wait(0.1), "the same again"
    goes_by(HOST="0.0.0.0")
    assert heard.wait(10)


def test_a_directory_that_is_damaged_or_gone_says_nothing_new(data: Path) -> None:
    heard = Event()
    when_handed_on_anew(goes_by(), heard.set, every=0.01)
    (data / "handed_on.json").write_text("{")
    time.sleep(0.05)
    (data / "handed_on.json").unlink()
    assert not heard.wait(0.1)


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", json.dumps({"values": UP | {"PORT": "many"}, "given": []})]
)
def test_a_damaged_file_is_told_in_a_line(data: Path, text: str) -> None:
    (data / "handed_on.json").write_text(text)
    with pytest.raises(UserError, match=r"handed_on\.json is damaged: start `emeter up` again"):
        load_beside_up()


def test_a_file_that_cannot_be_read_is_told_with_its_reason(data: Path) -> None:
    (data / "handed_on.json").mkdir()
    with pytest.raises(UserError, match=r"handed_on\.json cannot be read: Is a directory"):
        load_beside_up()


def test_the_file_is_for_its_owner_alone(data: Path) -> None:
    goes_by()
    assert (data / "handed_on.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in data.iterdir()] == ["handed_on.json"]
