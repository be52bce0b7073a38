"""What `emeter up` goes by, for whoever works in its data directory beside it: workers, senders, commands.

Without it they would guard other addresses than its own, so that a target on a private network is up and
blocked by turns; would call down what it calls no data; and would write links to another port.
"""

import json
import os
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

from emeter_core.logs import get_logger
from emeter_core.settings import Settings
from emeter_storage.errors import UserError

_log = get_logger(__name__)

# Part of what is guarded, of a verdict, or of what people read. No password is written down.
_AGREED = (
    "EMETER_PRIVATE_TARGETS",
    "HOST",
    "PORT",
    "BASE_URL",
    "EMETER_METRICS_PORT",
    "EMETER_ANCHORS",
    "MAIL_FROM",
)
_SECRET = ("REDIS_URL", "SMTP_URL")
_LOOK_S = 5.0


def hand_on(settings: Settings) -> None:
    """Write down what all processes of this data directory have to agree about; `emeter up` calls it."""
    path = _path(settings)
    fresh = path.with_suffix(".new")
    dumped = settings.model_dump(mode="json")
    values = {name: dumped[field] for field, name in _fields(_AGREED)}
    given = [name for field, name in _fields(_SECRET) if dumped[field]]
    fresh.write_text(json.dumps({"values": values, "given": given}))
    fresh.chmod(0o600)
    fresh.replace(path)


def load_beside_up(needs: Collection[str] = ()) -> Settings:
    """The settings of the environment, but what `emeter up` has handed on as that has it.

    With DATABASE_URL nothing is handed on: there may be many machines then, and each is told. `needs` are
    settings with a password that have to be given here where `emeter up` has them. Raises UserError for a bad
    setting, for one that is missing, and where what was handed on cannot be read.
    """
    settings = Settings.load()
    told = _read(settings)
    if told is None:
        return settings
    try:
        values: dict[str, Any] = {name: told["values"][name] for name in _AGREED}
        missing = [name for name in told["given"] if name in needs and not os.environ.get(name)]
        merged = Settings(**values)
    except (ValueError, LookupError, TypeError):
        raise _damaged(settings) from None
    if missing:
        raise UserError(f"{missing[0]} must be set as `emeter up` has it.")
    return merged


def tell_ignored(settings: Settings) -> None:
    """Log what the environment says otherwise than `settings`, which are those of `emeter up`."""
    own = Settings.load()
    for field, name in _fields(_AGREED):
        if field in own.model_fields_set and getattr(own, field) != getattr(settings, field):
            _log.warning("A setting is as `emeter up` has it, and not as it is given here", setting=name)


def when_handed_on_anew(settings: Settings, then: Callable[[], None], *, every: float = _LOOK_S) -> None:
    """Call `then` from a thread, once, as soon as `emeter up` goes by others than these `settings`.

    It looks every so many seconds for as long as this process lives.
    """
    Thread(target=_watch, args=(settings, then, every), name="handed-on", daemon=True).start()


def _watch(settings: Settings, then: Callable[[], None], every: float) -> None:
    while not _has_changed(settings):
        time.sleep(every)
    then()


def _has_changed(settings: Settings) -> bool:
    # A directory that is damaged or gone says nothing else.
    with suppress(UserError):
        return _read(settings) is not None and load_beside_up() != settings
    return False


def _read(settings: Settings) -> Mapping[str, Any] | None:
    """What was handed on; None where nothing was."""
    if settings.database_url:
        return None
    try:
        told = json.loads(_path(settings).read_text())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{_path(settings)} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise _damaged(settings) from None
    if not isinstance(told, dict):
        raise _damaged(settings)
    return told


def _damaged(settings: Settings) -> UserError:
    return UserError(f"{_path(settings)} is damaged: start `emeter up` again.")


def _path(settings: Settings) -> Path:
    return settings.directory.path / "handed_on.json"


def _fields(names: Collection[str]) -> list[tuple[str, str]]:
    """The fields of settings beside the names that the environment has for them."""
    known = {str(field.validation_alias): name for name, field in Settings.model_fields.items()}
    return [(known[name], name) for name in names]
