"""The installation as a whole: that its secrets and its schema fit this process."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from emeter_core.processes.instance import Instance
from emeter_core.vault import Vault
from emeter_storage.errors import UserError

RESTORING = b"restoring"
"""In place of a fingerprint while a backup is brought back: no process starts on what is half there."""


def check_secret(session: Session, vault: Vault, *, now: datetime) -> None:
    """Remember the fingerprint of SECRET_KEY at the first start; raises UserError for another later.

    A key that was changed on purpose still has the old one beside it: then the new fingerprint is kept.
    """
    values = {"id": 1, "secret_fingerprint": vault.fingerprint, "inserted_at": now}
    session.execute(insert(Instance).values(values).on_conflict_do_nothing())
    instance = session.scalars(select(Instance).with_for_update()).one()
    if instance.secret_fingerprint == vault.fingerprint:
        return
    if instance.secret_fingerprint == RESTORING:
        raise UserError(
            "A backup is being restored into this database, or that was broken off:"
            " wait for its end, or run `emeter restore` again."
        )
    if instance.secret_fingerprint not in vault.old_fingerprints:
        raise UserError(
            "SECRET_KEY is not the one this database was made with: set that one,"
            " or name it as SECRET_KEY_OLD."
        )
    instance.secret_fingerprint = vault.fingerprint
