"""What `emeter up` has decided, for workers and senders that somebody starts beside it.

Without it they would guard other addresses than its own: a target on a private network would be up and
blocked by turns, and pages on another port than the usual one would be a target like any other.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from emeter_core.settings import Settings
from emeter_storage.errors import UserError
from emeter_storage.servers import DataDirectory

HANDED_ON = ("EMETER_PRIVATE_TARGETS", "HOST", "PORT", "BASE_URL")
_FILE = "handed_on.json"


def hand_on(directory: DataDirectory, decided: Mapping[str, str]) -> None:
    """Write down the variables of `HANDED_ON`, about which all processes of this directory have to agree."""
    path = directory.path / _FILE
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(dict(decided)))
    fresh.chmod(0o600)
    fresh.replace(path)


def load_beside_up() -> Settings:
    """The settings of a worker or sender: what its environment leaves open is as `emeter up` has it.

    With a database of one's own nothing is handed on: there is more than one machine then, and each is told.
    Raises UserError for a bad setting.
    """
    settings = Settings.load()
    if settings.database_url:
        return settings
    given = {name.upper() for name in os.environ}
    path = settings.directory.path / _FILE
    try:
        decided: dict[str, Any] = json.loads(path.read_text())
        return Settings(**{name: decided[name] for name in HANDED_ON if name not in given})
    except FileNotFoundError:
        return settings
    except (OSError, ValueError, LookupError, TypeError):
        raise UserError(f"{path} cannot be read: start `emeter up` again.") from None
