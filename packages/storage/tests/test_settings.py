import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from pydantic import ValidationError

from emeter_storage.errors import UserError
from emeter_storage.settings import StorageSettings


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "EMETER_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)


def test_without_urls_the_servers_of_the_data_directory_are_meant(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EMETER_DATA_DIR", str(tmp_path))
    settings = StorageSettings.load()

    assert settings.database == settings.directory.database_url
    assert settings.redis == settings.directory.redis_url
    assert settings.directory.path == tmp_path


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_every_spelling_of_postgresql_means_our_driver(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://me:pass@host:5432/name")

    assert StorageSettings.load().database == "postgresql+psycopg2://me:pass@host:5432/name"


@pytest.mark.parametrize(
    "url",
    [
        "redis://:pass@host:1/0",
        "rediss://me:pass@host",
        "redis://host?password=pass",
        "redis://:pass@localhost",
        "redis://:pass@127.0.0.1:6379/1",
        "unix:///nowhere/redis.sock",
        "unix://:pass@/nowhere/redis.sock",
    ],
)
def test_a_redis_that_is_given_is_used(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("REDIS_URL", url)

    assert StorageSettings.load().redis == url


@pytest.mark.parametrize(
    "url",
    [
        "redis://host:1/0",
        "rediss://me@10.0.0.1",
        "redis://[2001:db8::1]",
        "redis://host?password=",
        "redis://127.0.0.1:6379/0",
        "redis://localhost",
        "redis://me@localhost",
        "redis://:@localhost",
        "redis://127.0.0.2:6379/1",
        "redis://[::1]:6379",
        "rediss://localhost",
        "redis:///1",
    ],
)
def test_a_port_of_redis_needs_a_password_on_loopback_too(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("REDIS_URL", url)

    with pytest.raises(UserError, match=r"^Bad setting REDIS_URL: must hold a password, on this machine too"):
        StorageSettings.load()


@pytest.fixture
def redis_socket() -> Iterator[Path]:
    """A Unix socket in a directory that everybody may search, with a space in its path."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="emeter ") as directory:
        Path(directory).chmod(0o755)
        path = Path(directory) / "redis.sock"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            yield path


@pytest.mark.parametrize("mode", [0o777, 0o702, 0o666])
def test_a_socket_that_everybody_may_write_to_needs_a_password(
    monkeypatch: pytest.MonkeyPatch, redis_socket: Path, mode: int
) -> None:
    redis_socket.chmod(mode)
    link = redis_socket.with_name("link")
    link.symlink_to(redis_socket)
    for path in (redis_socket, link):
        monkeypatch.setenv("REDIS_URL", f"unix://{quote(str(path))}?db=1")
        with pytest.raises(UserError, match=r"REDIS_URL: must hold a password where everybody may write to"):
            StorageSettings.load()

    monkeypatch.setenv("REDIS_URL", f"unix://:pass@{quote(str(redis_socket))}")
    assert StorageSettings.load().redis_url


@pytest.mark.parametrize(("mode", "directory_mode"), [(0o770, 0o755), (0o755, 0o755), (0o777, 0o750)])
def test_a_socket_is_guarded_by_its_mode_or_that_of_its_directory(
    monkeypatch: pytest.MonkeyPatch, redis_socket: Path, mode: int, directory_mode: int
) -> None:
    redis_socket.chmod(mode)
    redis_socket.parent.chmod(directory_mode)
    url = f"unix://{quote(str(redis_socket))}"
    monkeypatch.setenv("REDIS_URL", url)

    assert StorageSettings.load().redis_url == url


def test_an_empty_value_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("REDIS_URL", "")

    assert StorageSettings.load().database_url == ""
    assert StorageSettings.load().redis_url == ""


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("DATABASE_URL", "mysql://me:hush@host/x", "must start with postgresql://"),
        ("DATABASE_URL", "hush", "must start with postgresql://"),
        ("DATABASE_URL", "postgresql://me:hush@host:port/x", "is no valid URL"),
        ("DATABASE_URL", "postgresql://:::hush", "is no valid URL"),
        ("REDIS_URL", "http://hush", "must start with redis://, rediss:// or unix://"),
        ("REDIS_URL", "redis://:hush@host:port/0", "is no valid URL"),
        ("REDIS_URL", "redis://:hush@host:99999/0", "is no valid URL"),
    ],
)
def test_a_bad_value_is_one_line_that_names_the_setting_and_hides_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(UserError) as error:
        StorageSettings.load()

    assert str(error.value) == f"Bad setting {name}: {message}"


def test_each_bad_value_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "x")
    monkeypatch.setenv("REDIS_URL", "x")

    with pytest.raises(UserError) as error:
        StorageSettings.load()

    assert len(str(error.value).splitlines()) == 2


def test_settings_are_frozen_and_keep_urls_to_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hush@host/x")
    settings = StorageSettings.load()

    with pytest.raises(ValidationError):
        settings.database_url = ""  # type: ignore[misc]
    assert "hush" not in repr(settings)


@pytest.mark.parametrize("path", ["/tmp/" + "x" * 1000, "/tmp/a\nb"])
def test_a_path_that_can_be_no_data_directory_is_told(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setenv("EMETER_DATA_DIR", path)

    with pytest.raises(UserError, match=r"^The data directory"):
        _ = StorageSettings.load().directory
