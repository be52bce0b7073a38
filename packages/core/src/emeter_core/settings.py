"""The settings that every package above storage shares."""

import os
import re
import secrets
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import getaddresses
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator
from pydantic_settings import NoDecode

from emeter_core.characters import has_controls
from emeter_core.logs.settings import Form, Level, LogSettings
from emeter_core.loopback import is_loopback
from emeter_core.metrics.settings import MOST_WORKERS, PORTS, MetricsSettings
from emeter_core.retention import Retention
from emeter_core.vault import Vault
from emeter_storage.errors import UserError
from emeter_storage.settings import StorageSettings

Network = IPv4Network | IPv6Network
_MIN_SECRET = 32
# Pages show the last 24 hours, which reach into the day before.
_LEAST_DAYS = 2
_MAX_PORT = 65_535
_MOST_ANCHORS = 16
_HOST_NAME = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)


def _networks(value: object) -> object:
    """Read `10.0.0.0/8, fd00::/8` into networks; raises ValueError that names the bad one."""
    if not isinstance(value, str):
        return value
    networks = []
    for part in filter(None, (part.strip() for part in value.split(","))):
        try:
            networks.append(ip_network(part))
        except ValueError:
            raise ValueError(f"{part!r} is no network: write networks like 10.0.0.0/8,fd00::/8") from None
    return tuple(networks)


def _anchors(value: object) -> object:
    """Read `1.1.1.1:443, [2606:4700::1111]:443` into hosts and ports; raises ValueError for a bad one."""
    if not isinstance(value, str):
        return value
    anchors = tuple(_anchor(part.strip()) for part in value.split(",") if part.strip())
    if len(anchors) > _MOST_ANCHORS:
        raise ValueError(f"names more than {_MOST_ANCHORS} anchors")
    return anchors


def _anchor(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    literal = host.removeprefix("[").removesuffix("]")
    is_host = _is_address(literal) if host == f"[{literal}]" else _HOST_NAME.fullmatch(host)
    if not (is_host and port.isascii() and port.isdecimal() and 0 < int(port) <= _MAX_PORT):
        raise ValueError(f"{text!r} is no anchor: write hosts with ports like 1.1.1.1:443,example.com:443")
    return literal, int(port)


class Settings(StorageSettings):
    """What the domain and all processes are told by the environment."""

    secret_key: str = Field(default="", validation_alias="SECRET_KEY", repr=False)
    secret_key_old: str = Field(default="", validation_alias="SECRET_KEY_OLD", repr=False)
    host: str = Field(default="127.0.0.1", validation_alias="HOST", min_length=1)
    port: int = Field(default=8000, validation_alias="PORT", ge=1, le=65535)
    private_targets: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)] = Field(
        default=(), validation_alias="EMETER_PRIVATE_TARGETS"
    )
    anchors: Annotated[tuple[tuple[str, int], ...], NoDecode, BeforeValidator(_anchors)] = Field(
        default=(), validation_alias="EMETER_ANCHORS"
    )
    smtp_url: str = Field(default="", validation_alias="SMTP_URL", repr=False)
    mail_from: str = Field(default="E-Meter <e-meter@localhost>", validation_alias="MAIL_FROM")
    base_url: str = Field(default="", validation_alias="BASE_URL")
    registration: Literal["open", "closed"] = Field(default="open", validation_alias="EMETER_REGISTRATION")
    keep_raw_days: int = Field(default=14, validation_alias="EMETER_KEEP_RAW_DAYS", ge=0)
    keep_quarter_days: int = Field(default=90, validation_alias="EMETER_KEEP_15MIN_DAYS", ge=0)
    keep_hour_days: int = Field(default=730, validation_alias="EMETER_KEEP_HOUR_DAYS", ge=0)
    keep_day_days: int = Field(default=0, validation_alias="EMETER_KEEP_DAY_DAYS", ge=0)
    workers: int = Field(default=1, validation_alias="EMETER_WORKERS", ge=1, le=MOST_WORKERS)
    log_form: Form = Field(default="auto", validation_alias="EMETER_LOG")
    log_level: Level = Field(default="info", validation_alias="EMETER_LOG_LEVEL")
    # Before the host, which asks for it.
    metrics_token: str = Field(default="", validation_alias="EMETER_METRICS_TOKEN", repr=False)
    metrics_host: str = Field(default="127.0.0.1", validation_alias="EMETER_METRICS_HOST", min_length=1)
    metrics_port: int = Field(
        default=9460, validation_alias="EMETER_METRICS_PORT", ge=0, le=_MAX_PORT - PORTS
    )
    trusted_proxies: int = Field(default=0, validation_alias="TRUSTED_PROXIES", ge=0, le=16)

    @field_validator("secret_key", "secret_key_old", "metrics_token")
    @classmethod
    def _is_long(cls, key: str) -> str:
        if key and len(key) < _MIN_SECRET:
            raise ValueError(f"must have at least {_MIN_SECRET} characters")
        return key

    @field_validator("host", "metrics_host")
    @classmethod
    def _is_host(cls, host: str) -> str:
        if not _is_address(host) and not _HOST_NAME.fullmatch(host):
            raise ValueError("must be an address or a host name, like 127.0.0.1, ::1 or localhost")
        return host

    @field_validator("metrics_host")
    @classmethod
    def _is_guarded(cls, host: str, info: ValidationInfo) -> str:
        if not is_loopback(host) and not info.data.get("metrics_token"):
            raise ValueError("may be another than this machine's own only beside EMETER_METRICS_TOKEN")
        return host

    @field_validator("smtp_url")
    @classmethod
    def _is_smtp(cls, url: str) -> str:
        """The URL is not repeated in what is wrong with it: it holds a password."""
        if not url:
            return url
        parts = _split(url)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise ValueError("must be like smtp://user:password@mail.example.com:587, or smtps://…")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("must end with the host and its port; write / ? # of a password as %2F %3F %23")
        return url

    @field_validator("mail_from")
    @classmethod
    def _is_sender(cls, sender: str) -> str:
        if not _is_mailbox(sender):
            raise ValueError("must be one address, like E-Meter <e-meter@example.com>")
        return sender

    @field_validator("base_url")
    @classmethod
    def _is_base_url(cls, url: str) -> str:
        if not url:
            return url
        parts = _split(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be like https://status.example.com")
        if "@" in parts.netloc or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("must be a host with its port alone, like https://status.example.com")
        return f"{parts.scheme}://{parts.netloc}"

    @model_validator(mode="after")
    def _has_base_url(self) -> Self:
        """Without BASE_URL the pages are found where they listen, from this machine."""
        if not self.base_url:
            # The settings are frozen for everybody else.
            object.__setattr__(self, "base_url", f"http://localhost:{self.port}")
        return self

    @field_validator("keep_raw_days", "keep_quarter_days", "keep_hour_days", "keep_day_days")
    @classmethod
    def _is_long_enough(cls, days: int) -> int:
        if 0 < days < _LEAST_DAYS:
            raise ValueError(f"must be at least {_LEAST_DAYS}, or 0 for ever")
        return days

    @property
    def retention(self) -> Retention:
        """How long the history is kept."""
        return Retention(self.keep_raw_days, self.keep_quarter_days, self.keep_hour_days, self.keep_day_days)

    @property
    def is_on_loopback(self) -> bool:
        """Whether HOST is reached from this machine only."""
        return is_loopback(self.host)

    @property
    def own_servers(self) -> tuple[str, ...]:
        """The URLs of what no check and no webhook of a user may reach, whatever networks are open.

        The web server is one of them where its pages are for this machine: it shows whoever sits here the
        mails of everybody, and must not take a check for such a person. So are the listeners for metrics.
        """
        web = f"http://{_bracketed(self.host)}:{self.port}"
        is_private = self.is_on_loopback and is_loopback(urlsplit(self.base_url).hostname)
        metrics = [f"http://{address}" for address in self.metrics.addresses()]
        return (self.database, self.redis, *([web] if is_private else []), *metrics)

    @property
    def log(self) -> LogSettings:
        """How processes log."""
        return LogSettings(self.log_form, self.log_level)

    @property
    def metrics(self) -> MetricsSettings:
        """Where metrics are told, and to whom."""
        return MetricsSettings(self.metrics_host, self.metrics_port, self.metrics_token, self.port)

    def vault(self) -> Vault:
        """The vault of this installation.

        Raises UserError where SECRET_KEY must be given and is not: beside an external database, or where
        `emeter up` has not made one yet.
        """
        return Vault(self.secret_key or self._stored_secret(), self.secret_key_old)

    def ensure_secret(self) -> None:
        """Make the SECRET_KEY of the data directory on the first start (0600); `emeter up` calls it."""
        if self.secret_key or self.database_url:
            return
        path = self.directory.secret_key_path
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))

    def _stored_secret(self) -> str:
        if self.database_url:
            raise UserError(
                "SECRET_KEY must be set where DATABASE_URL is: the secrets in a database need their key."
            )
        path: Path = self.directory.secret_key_path
        try:
            key = path.read_text().strip()
        except OSError as error:
            raise UserError(
                f"There is no SECRET_KEY in {path.parent} yet: start `emeter up` once ({error.strerror})."
            ) from None
        if len(key) < _MIN_SECRET:
            raise UserError(f"{path} is damaged: it must hold at least {_MIN_SECRET} characters.")
        return key


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _split(url: str) -> SplitResult:
    """Take a URL apart; raises ValueError without repeating it."""
    try:
        parts = urlsplit(url)
        has_port = parts.port != 0
    except ValueError:
        has_port = False
    if not has_port or not url.isprintable() or " " in url:
        raise ValueError("is no valid URL")
    return parts


def _is_mailbox(text: str) -> bool:
    """Whether this is one address, with or without a name, that a header can hold."""
    found = getaddresses([text])
    if has_controls(text) or len(found) != 1:
        return False
    try:
        return bool(Address(found[0][0], addr_spec=found[0][1]).domain)
    except (ValueError, IndexError, HeaderParseError):
        # The parser of the standard library ends in any of them, by what is wrong.
        return False
