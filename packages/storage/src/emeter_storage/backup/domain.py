"""What the packages above know of their tables: the entry point of the group `emeter.backup`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import entry_points, version

from sqlalchemy import Connection

_GROUP = "emeter.backup"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: a backup made at `made_at`, with single results or without."""

    made_at: datetime
    has_results: bool
    send_waiting: bool


class Domain:
    """What a backup must know that no catalogue tells; this one knows nothing.

    `left_out` names tables whose rows are in no backup, `only` those of which some rows are (SQL for a
    condition), each with a reason; `results` is what `--without-results` leaves out.
    """

    left_out: Mapping[str, str] = {}
    only: Mapping[str, tuple[str, str]] = {}
    results: frozenset[str] = frozenset()

    @property
    def version(self) -> str:
        """The version of the application."""
        return version("emeter-storage")

    def fingerprint(self, connection: Connection) -> str:  # noqa: ARG002 - for those above
        """What recognises the key of the secrets in this database; empty where there is none yet."""
        return ""

    def key(self, fingerprint: str) -> str:  # noqa: ARG002 - for those above
        """The key with this fingerprint; raise UserError where it is not ours."""
        return ""

    def require_key(self, fingerprint: str, packed: str) -> None:
        """Raise UserError unless the key is here, or the one `packed` in the file could be taken."""

    def keep_key(self, fingerprint: str, packed: str) -> None:
        """Make the key that came in the file that of this installation, where it has no fitting one."""

    def require_empty(self, connection: Connection) -> None:
        """Raise UserError where the database holds anything that somebody would miss."""

    def hold(self, connection: Connection) -> None:
        """Have no process start on this database until `settle`."""

    def is_held(self, connection: Connection) -> bool:  # noqa: ARG002 - for those above
        """Say whether a restore was broken off here."""
        return False

    def settle(self, connection: Connection, restored: Restored) -> list[str]:  # noqa: ARG002
        """Make what was true then fit for now, and let processes start.

        Returns what a person should know, a line each.
        """
        return []


def load_domain() -> Domain:
    """The domain that is installed; the one that knows nothing where none is."""
    for entry in entry_points(group=_GROUP):
        domain: Domain = entry.load()
        return domain
    return Domain()
