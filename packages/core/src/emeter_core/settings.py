"""The settings that every package above storage shares."""

import os
import re
import secrets
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, field_validator
from pydantic_settings import NoDecode

from emeter_core.vault import Vault
from emeter_storage.errors import UserError
from emeter_storage.settings import StorageSettings

Network = IPv4Network | IPv6Network
_MIN_SECRET = 32
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


class Settings(StorageSettings):
    """What the domain and all processes are told by the environment."""

    secret_key: str = Field(default="", validation_alias="SECRET_KEY", repr=False)
    secret_key_old: str = Field(default="", validation_alias="SECRET_KEY_OLD", repr=False)
    host: str = Field(default="127.0.0.1", validation_alias="HOST", min_length=1)
    port: int = Field(default=8000, validation_alias="PORT", ge=1, le=65535)
    private_targets: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)] = Field(
        default=(), validation_alias="EMETER_PRIVATE_TARGETS"
    )

    @field_validator("secret_key", "secret_key_old")
    @classmethod
    def _is_long(cls, key: str) -> str:
        if key and len(key) < _MIN_SECRET:
            raise ValueError(f"must have at least {_MIN_SECRET} characters")
        return key

    @field_validator("host")
    @classmethod
    def _is_host(cls, host: str) -> str:
        try:
            ip_address(host)
        except ValueError:
            if not _HOST_NAME.fullmatch(host):
                raise ValueError(
                    "must be an address or a host name, like 127.0.0.1, ::1 or localhost"
                ) from None
        return host

    @property
    def is_on_loopback(self) -> bool:
        """Whether HOST is reached from this machine only."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

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
