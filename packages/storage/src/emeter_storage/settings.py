"""The base of all settings: read once from the environment, frozen, loud where a value is bad."""

from pathlib import Path
from stat import S_IWOTH, S_IXOTH
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from platformdirs import user_data_path
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from emeter_storage.errors import UserError
from emeter_storage.servers import DataDirectory

_POSTGRES_SCHEMES = ("postgres://", "postgresql://", "postgresql+psycopg2://")
# Pydantic's types of errors, in plain words.
_WORDS = {
    "int_parsing": "must be a whole number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
}
_REDIS_SCHEMES = ("redis://", "rediss://", "unix://")


class StorageSettings(BaseSettings):
    """Where the data lives. Packages above extend it; nothing else reads the environment."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, populate_by_name=True
    )

    database_url: str = Field(default="", validation_alias="DATABASE_URL", repr=False)
    redis_url: str = Field(default="", validation_alias="REDIS_URL", repr=False)
    data_dir: Path = Field(
        default_factory=lambda: user_data_path("e-meter"), validation_alias="EMETER_DATA_DIR"
    )

    @classmethod
    def load(cls) -> Self:
        """Read the environment; raises UserError with one line per bad value."""
        try:
            return cls()
        except ValidationError as error:
            raise UserError("\n".join(_explain(cls, error))) from None

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, url: str) -> str:
        """Make every spelling of PostgreSQL mean the driver we use."""
        if not url:
            return url
        for scheme in _POSTGRES_SCHEMES:
            if url.startswith(scheme):
                _require_url(url)
                return "postgresql+psycopg2://" + url.removeprefix(scheme)
        raise ValueError("must start with postgresql://")

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, url: str) -> str:
        if url and not url.startswith(_REDIS_SCHEMES):
            raise ValueError("must start with redis://, rediss:// or unix://")
        _require_url(url)
        if url and not _password(url):
            _require_guard(url)
        return url

    @property
    def directory(self) -> DataDirectory:
        """The data directory, as the embedded servers know it."""
        return DataDirectory(self.data_dir)

    @property
    def database(self) -> str:
        """The URL of the database: the given one, or that of the data directory's own server."""
        return self.database_url or self.directory.database_url

    @property
    def redis(self) -> str:
        """The URL of Redis: the given one, or that of the data directory's own server."""
        return self.redis_url or self.directory.redis_url


def _require_url(url: str) -> None:
    """Raise ValueError where the drivers could not read it; the URL is not repeated, it holds a password."""
    try:
        _ = urlsplit(url).port
        if url.startswith("postgres"):
            make_url(url)
    except (ValueError, ArgumentError):
        raise ValueError("is no valid URL") from None


def _require_guard(url: str) -> None:
    """Raise ValueError unless the mode of its socket guards the Redis of this URL, which holds no password.

    A port needs one on this machine too: every user of it, and what a program of theirs was talked into
    asking, reaches loopback.
    """
    if urlsplit(url).scheme != "unix":
        raise ValueError(
            "must hold a password, on this machine too: give Redis one (requirepass) and write"
            " redis://:password@host, or name its socket, unix:///path"
        )
    if _is_open_to_all(Path(unquote(urlsplit(url).path))):
        raise ValueError(
            "must hold a password where everybody may write to the socket: set unixsocketperm 770 or less in"
            " Redis, or give it a password and write unix://:password@/path"
        )


def _is_open_to_all(path: Path) -> bool:
    """Whether every user of this machine may connect to the socket; nobody to one that cannot be seen."""
    try:
        real = path.resolve()
        return bool(real.stat().st_mode & S_IWOTH) and all(
            parent.stat().st_mode & S_IXOTH for parent in real.parents
        )
    except (OSError, RuntimeError, ValueError):
        return False


def _password(url: str) -> str:
    """The password in a URL, in either of the places where redis-py looks for it."""
    parts = urlsplit(url)
    return parts.password or "".join(parse_qs(parts.query).get("password", ()))


def _explain(settings: type[BaseSettings], error: ValidationError) -> list[str]:
    """One line per bad value, each under the name that the person wrote it by."""
    lines = []
    for problem in error.errors():
        field = str(problem["loc"][0]) if problem["loc"] else ""
        known = settings.model_fields.get(field)
        name = str(known.validation_alias) if known is not None and known.validation_alias else field
        words = _WORDS.get(problem["type"], "").format(**problem.get("ctx", {})).replace("'", "")
        lines.append(f"Bad setting {name}: {words or problem['msg'].removeprefix('Value error, ')}")
    return lines
