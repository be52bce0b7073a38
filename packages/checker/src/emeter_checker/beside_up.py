"""How a worker or sender begins and ends, in the data directory of an `emeter up` or alone."""

from collections.abc import Iterator
from contextlib import contextmanager

from emeter_core.handed_on import load_beside_up, tell_ignored, when_handed_on_anew
from emeter_core.logs import setup_logging
from emeter_core.settings import Settings
from emeter_core.supervisor.runtime import StopSignal
from emeter_storage.errors import UserError


@contextmanager
def beside_up(process: str, *needs: str) -> Iterator[tuple[StopSignal, Settings]]:
    """The wish to end, and the settings that hold; the log is set up. Call it on the main thread.

    `needs` are settings with a password that have to be given where `emeter up` has them. Raises UserError
    for settings that do not hold, and at the end where those of `emeter up` have become others: whoever keeps
    this process running starts it again with them.
    """
    stop = StopSignal.install()
    settings = load_beside_up(needs)
    setup_logging(process, settings.log)
    tell_ignored(settings)
    others: list[bool] = []

    def end() -> None:
        others.append(True)
        stop.set()

    when_handed_on_anew(settings, end)
    yield stop, settings
    if others:
        raise UserError("`emeter up` has other settings now: start this again, to go by them.")
