"""The SECRET_KEY of a backup: recognised by its fingerprint, brought by a person or in the file."""

import os
import secrets

from emeter_core.settings import Settings
from emeter_core.vault import Vault
from emeter_storage.errors import UserError


def vault_of(settings: Settings) -> Vault | None:
    """The vault of this installation; None where it has no key yet."""
    if not settings.secret_key and (settings.database_url or not settings.directory.secret_key_path.exists()):
        return None
    return settings.vault()


def own_key(settings: Settings, fingerprint: str) -> str:
    """The key with this fingerprint, to be put into a backup; raises UserError where ours is another."""
    vault = settings.vault()
    if fingerprint and vault.fingerprint.hex() != fingerprint:
        raise UserError("SECRET_KEY is not the one of this database, so it is of no use in a backup.")
    return settings.secret_key or settings.directory.secret_key_path.read_text().strip()


def require_key(settings: Settings, fingerprint: str, packed: str) -> None:
    """Raise UserError unless the key with this fingerprint is here or comes along and can be kept."""
    if not fingerprint or _fits(vault_of(settings), fingerprint):
        return
    if packed and not settings.secret_key and not settings.database_url:
        if not _fits(Vault(packed), fingerprint):
            raise UserError("The SECRET_KEY in this backup is not the one that its secrets need.")
        return
    raise UserError(
        "This backup needs the SECRET_KEY of the installation it was made of"
        f" (its fingerprint is {fingerprint[:8]}): {_how(settings, packed)}"
    )


def keep_key(settings: Settings, fingerprint: str, packed: str) -> None:
    """Make the key that came along that of the data directory, where ours does not fit; 0600."""
    if not packed or _fits(vault_of(settings), fingerprint):
        return
    path = settings.directory.secret_key_path
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(packed)
    beside.replace(path)


def _fits(vault: Vault | None, fingerprint: str) -> bool:
    return vault is not None and bytes.fromhex(fingerprint) in {vault.fingerprint, *vault.old_fingerprints}


def _how(settings: Settings, packed: str) -> str:
    if packed:
        return "it is in the file, as `tar -xOf FILE secret_key` shows; set SECRET_KEY to it."
    where = settings.directory.secret_key_path
    if settings.secret_key or settings.database_url:
        return "set SECRET_KEY to that one."
    return f"copy its file secret_key to {where}, or set SECRET_KEY to that one."
