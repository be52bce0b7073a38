"""The domain, as backups ask for it."""

from importlib.metadata import version

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from emeter_core.backup import keys
from emeter_core.backup.settle import settle
from emeter_core.processes import RESTORING
from emeter_core.settings import Settings
from emeter_storage.backup.domain import Domain, Restored
from emeter_storage.errors import UserError


class CoreDomain(Domain):
    """What no catalogue tells of our tables. A table that is not named here is in every backup, whole."""

    left_out = {  # noqa: RUF012 - storage reads it as a plain attribute
        "processes": "who ran where the backup was made",
        "trials": "what somebody tried at that moment",
        "user_sessions": "everybody logs in again: a backup that is stolen opens no session",
    }
    only = {  # noqa: RUF012 - the same
        "users_tokens": ("context <> 'session'", "sessions are left out: everybody logs in again"),
    }
    results = frozenset({"results"})

    @property
    def version(self) -> str:
        """The version of E-Meter."""
        return version("emeter-core")

    def fingerprint(self, connection: Connection) -> str:
        """The fingerprint that the database keeps of its SECRET_KEY; empty before the first start."""
        found = _kept_fingerprint(connection)
        if found == RESTORING:
            raise UserError("A restore into this database was broken off: run `emeter restore` again first.")
        return found.hex()

    def key(self, fingerprint: str) -> str:
        """Our SECRET_KEY; raise UserError where the database was made with another."""
        return keys.own_key(Settings.load(), fingerprint)

    def require_key(self, fingerprint: str, packed: str) -> None:
        """Raise UserError with how to bring the key, unless it is here or `packed` can become ours."""
        keys.require_key(Settings.load(), fingerprint, packed)

    def keep_key(self, fingerprint: str, packed: str) -> None:
        """Write the key that came along into the data directory, where ours does not fit."""
        keys.keep_key(Settings.load(), fingerprint, packed)

    def require_empty(self, connection: Connection) -> None:
        """Raise UserError where there are users."""
        if _has(connection, "users") and connection.execute(text("SELECT 1 FROM users LIMIT 1")).scalar():
            raise UserError(
                "There are users in this installation already, and a restore would replace them: "
                "restore into an empty one (another EMETER_DATA_DIR, or another database)."
            )

    def hold(self, connection: Connection) -> None:
        """Have every process refuse the database: its secrets are nobody's until the restore is done."""
        if _has(connection, "instance"):
            connection.execute(_HOLD, {"mark": RESTORING})

    def is_held(self, connection: Connection) -> bool:
        """Say whether a restore was broken off here."""
        return _has(connection, "instance") and _kept_fingerprint(connection) == RESTORING

    def settle(self, connection: Connection, restored: Restored) -> list[str]:
        """Make waiting deliveries, slots and conditions fit for now; and let processes start."""
        vault = keys.vault_of(Settings.load())
        # The transaction is the caller's: closing the session ends it neither way.
        with Session(connection, join_transaction_mode="rollback_only") as session:
            return settle(session, restored, fingerprint=vault.fingerprint if vault else None)


_HOLD = text("""
INSERT INTO instance (id, secret_fingerprint, inserted_at) VALUES (1, :mark, now())
ON CONFLICT (id) DO UPDATE SET secret_fingerprint = :mark
""")


def _kept_fingerprint(connection: Connection) -> bytes:
    """What stands in the place of the fingerprint; nothing before the first start."""
    found = connection.execute(text("SELECT secret_fingerprint FROM instance")).scalar()
    return b"" if found is None else bytes(found)


def _has(connection: Connection, table: str) -> bool:
    return bool(connection.execute(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": table}).scalar())
