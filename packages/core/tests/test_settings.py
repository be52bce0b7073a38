import stat
from ipaddress import ip_network
from pathlib import Path

import pytest

from emeter_core.logs import LogSettings
from emeter_core.metrics import MetricsSettings
from emeter_core.retention import USUAL, Retention
from emeter_core.settings import Settings
from emeter_storage.errors import UserError

KEY = "k" * 32


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SECRET_KEY_OLD", "HOST", "PORT"):
        monkeypatch.delenv(name, raising=False)
    for name in (
        "EMETER_PRIVATE_TARGETS",
        "EMETER_ANCHORS",
        "SMTP_URL",
        "MAIL_FROM",
        "BASE_URL",
        "TRUSTED_PROXIES",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("EMETER_REGISTRATION", raising=False)
    monkeypatch.setenv("EMETER_DATA_DIR", str(tmp_path))


def test_the_defaults() -> None:
    settings = Settings.load()

    assert (settings.host, settings.port, settings.private_targets) == ("127.0.0.1", 8000, ())
    assert (settings.smtp_url, settings.mail_from) == ("", "E-Meter <e-meter@localhost>")
    assert (settings.base_url, settings.registration) == ("http://localhost:8000", "open")
    assert settings.trusted_proxies == 0
    assert settings.retention == USUAL


def test_each_level_of_the_history_is_kept_as_long_as_is_asked_for(monkeypatch) -> None:
    for name, days in (("RAW", "3"), ("15MIN", "30"), ("HOUR", "0"), ("DAY", "999")):
        monkeypatch.setenv(f"EMETER_KEEP_{name}_DAYS", days)

    assert Settings.load().retention == Retention(raw=3, quarter=30, hour=0, day=999)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PORT", "http", "must be a whole number"),
        ("PORT", "0", "must be at least 1"),
        ("PORT", "65536", "must be at most 65535"),
        ("HOST", "http://localhost", "must be an address or a host name"),
        ("HOST", "[::1]", "must be an address or a host name"),
        ("HOST", "a b", "must be an address or a host name"),
        ("SECRET_KEY", "hush", "must have at least 32 characters"),
        ("SECRET_KEY_OLD", "hush", "must have at least 32 characters"),
        ("EMETER_KEEP_RAW_DAYS", "1", "must be at least 2, or 0 for ever"),
        ("EMETER_KEEP_HOUR_DAYS", "-1", "must be at least 0"),
        ("EMETER_PRIVATE_TARGETS", "10.0.0.0/8,all", "'all' is no network: write networks like"),
        ("EMETER_PRIVATE_TARGETS", "10.0.0.1/8", "'10.0.0.1/8' is no network: write networks like"),
        ("EMETER_ANCHORS", "1.1.1.1", "'1.1.1.1' is no anchor: write hosts with ports like"),
        ("EMETER_ANCHORS", "1.1.1.1:443,example.com:0", "'example.com:0' is no anchor"),
        ("EMETER_ANCHORS", "2606:4700:4700::1111:443", "is no anchor"),
        ("EMETER_ANCHORS", "[1.1.1.1.1]:443", "is no anchor"),
        ("EMETER_ANCHORS", "http://1.1.1.1:443", "is no anchor"),
        ("EMETER_ANCHORS", "1.1.1.1:+1", "is no anchor"),
        ("EMETER_ANCHORS", ",".join(f"1.1.1.{number}:443" for number in range(17)), "more than 16 anchors"),
        ("DATABASE_URL", "mysql://x", "must start with postgresql://"),
        ("REDIS_URL", "x", "must start with redis://"),
        ("SMTP_URL", "mail.example.com:25", "must be like smtp://user:password@mail.example.com:587"),
        ("SMTP_URL", "smtp://", "must be like smtp://"),
        ("SMTP_URL", "smtp://u:hush@host:99999", "is no valid URL"),
        ("SMTP_URL", "smtp://u:hush@host:0", "is no valid URL"),
        ("SMTP_URL", "smtp://u:hu/sh@host", "is no valid URL"),
        ("SMTP_URL", "smtp://u:hush@host/x", "must end with the host and its port"),
        ("SMTP_URL", "smtp://u:hush@ho st", "is no valid URL"),
        ("MAIL_FROM", "e-meter", "must be one address"),
        ("MAIL_FROM", "a@example.com, b@example.com", "must be one address"),
        ("MAIL_FROM", "a@example.com\nBcc: b@example.com", "must be one address"),
        ("MAIL_FROM", "E-Meter <>", "must be one address"),
        ("BASE_URL", "status.example.com", "must be like https://status.example.com"),
        ("BASE_URL", "ftp://status.example.com", "must be like https://"),
        ("BASE_URL", "https://status.example.com/e-meter", "must be a host with its port alone"),
        ("BASE_URL", "https://status.example.com/?x", "must be a host with its port alone"),
        ("BASE_URL", "https://u:hush@status.example.com", "must be a host with its port alone"),
        ("BASE_URL", "https://[", "is no valid URL"),
        ("EMETER_REGISTRATION", "maybe", "must be open or closed"),
        ("TRUSTED_PROXIES", "-1", "must be at least 0"),
        ("TRUSTED_PROXIES", "17", "must be at most 16"),
        ("TRUSTED_PROXIES", "all", "must be a whole number"),
    ],
)
def test_a_bad_value_is_one_line_that_names_the_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(UserError) as error:
        Settings.load()

    assert str(error.value).startswith(f"Bad setting {name}: ")
    assert message in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    assert "hush" not in str(error.value)


@pytest.mark.parametrize(
    ("host", "is_on_loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("example.com", False),
    ],
)
def test_what_is_on_loopback(monkeypatch: pytest.MonkeyPatch, host: str, *, is_on_loopback: bool) -> None:
    monkeypatch.setenv("HOST", host)

    assert Settings.load().is_on_loopback is is_on_loopback


@pytest.mark.parametrize(
    ("host", "base_url", "web"),
    [
        ("127.0.0.1", "", ["http://127.0.0.1:8123"]),
        ("::1", "http://localhost:8123", ["http://[::1]:8123"]),
        ("localhost", "http://127.0.0.1:8123", ["http://localhost:8123"]),
        ("127.0.0.1", "https://status.example.com", []),
        ("0.0.0.0", "", []),
    ],
)
def test_no_check_reaches_pages_that_are_for_this_machine(
    monkeypatch: pytest.MonkeyPatch, host: str, base_url: str, web: list[str]
) -> None:
    for name, value in {
        "HOST": host,
        "BASE_URL": base_url,
        "PORT": "8123",
        "EMETER_METRICS_PORT": "0",
    }.items():
        monkeypatch.setenv(name, value)
    settings = Settings.load()
    assert settings.own_servers == (settings.database, settings.redis, *web)


def test_private_targets_are_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMETER_PRIVATE_TARGETS", " 10.0.0.0/8 ,fd00::/8,, 192.0.2.7")

    networks = Settings.load().private_targets

    assert networks == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"), ip_network("192.0.2.7/32"))


def test_the_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings.load()
    settings.ensure_secret()
    path = tmp_path / "secret_key"
    first = path.read_text()
    settings.ensure_secret()

    assert path.read_text() == first
    assert len(first) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert settings.vault().fingerprint == Settings.load().vault().fingerprint


def test_a_secret_that_is_given_needs_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SECRET_KEY", KEY)
    settings = Settings.load()
    settings.ensure_secret()

    assert settings.vault().fingerprint
    assert not (tmp_path / "secret_key").exists()


def test_a_database_of_somebody_else_needs_a_secret_that_is_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://host/x")
    settings = Settings.load()
    settings.ensure_secret()

    with pytest.raises(UserError, match=r"^SECRET_KEY must be set where DATABASE_URL is"):
        settings.vault()
    assert not (tmp_path / "secret_key").exists()


def test_a_secret_that_is_not_there_or_damaged_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"There is no SECRET_KEY in .* yet: start `emeter up` once"):
        Settings.load().vault()

    (tmp_path / "secret_key").write_text("short")
    with pytest.raises(UserError, match="is damaged: it must hold at least 32 characters"):
        Settings.load().vault()


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", KEY)

    assert KEY not in repr(Settings.load())


@pytest.mark.parametrize(
    ("name", "value", "field", "read"),
    [
        ("SMTP_URL", "smtp://mail.example.com", "smtp_url", "smtp://mail.example.com"),
        ("SMTP_URL", "SMTPS://u%40x:p%2F@[::1]:465/", "smtp_url", "SMTPS://u%40x:p%2F@[::1]:465/"),
        ("MAIL_FROM", "e@example.com", "mail_from", "e@example.com"),
        ("MAIL_FROM", "Größe <e@example.com>", "mail_from", "Größe <e@example.com>"),
        ("BASE_URL", "https://status.example.com/", "base_url", "https://status.example.com"),
        ("BASE_URL", "HTTP://[::1]:8080", "base_url", "http://[::1]:8080"),
        ("PORT", "8123", "base_url", "http://localhost:8123"),
        ("EMETER_REGISTRATION", "closed", "registration", "closed"),
        ("TRUSTED_PROXIES", "2", "trusted_proxies", 2),
    ],
)
def test_what_is_set_is_read(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, field: str, read: object
) -> None:
    monkeypatch.setenv(name, value)

    assert getattr(Settings.load(), field) == read


def test_the_password_of_the_mail_server_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_URL", "smtp://user:hush@mail.example.com")

    assert "hush" not in repr(Settings.load())


def test_metrics_are_for_this_machine_unless_there_is_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.load().metrics == MetricsSettings("127.0.0.1", 9460, "", 8000)

    monkeypatch.setenv("EMETER_METRICS_HOST", "0.0.0.0")
    with pytest.raises(UserError) as error:
        Settings.load()
    assert str(error.value) == (
        "Bad setting EMETER_METRICS_HOST: may be another than this machine's own only beside"
        " EMETER_METRICS_TOKEN"
    )

    monkeypatch.setenv("EMETER_METRICS_TOKEN", "t" * 32)
    assert Settings.load().metrics == MetricsSettings("0.0.0.0", 9460, "t" * 32, 8000)
    assert "ttt" not in repr(Settings.load())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EMETER_METRICS_PORT", "-1"),
        ("EMETER_METRICS_PORT", "65520"),
        ("EMETER_METRICS_TOKEN", "short"),
        ("EMETER_METRICS_HOST", "a b"),
        ("EMETER_LOG", "xml"),
        ("EMETER_LOG_LEVEL", "loud"),
    ],
)
def test_a_bad_setting_of_metrics_or_logs_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match=f"^Bad setting {name}: "):
        Settings.load()


def test_no_check_reaches_the_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMETER_METRICS_PORT", "9500")

    assert {"http://127.0.0.1:9500", "http://127.0.0.1:9579"} < set(Settings.load().own_servers)
    assert "http://127.0.0.1:9580" not in Settings.load().own_servers


def test_logs_go_by_their_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.load().log == LogSettings("auto", "info")

    monkeypatch.setenv("EMETER_LOG", "text")
    monkeypatch.setenv("EMETER_LOG_LEVEL", "debug")
    assert Settings.load().log == LogSettings("text", "debug")
