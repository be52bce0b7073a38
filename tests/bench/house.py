"""All that runs while a scenario is measured: the target, what helps it, and a whole E-Meter."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from helpers import Names, Silence
from instance import Instance
from scenarios import Scenario
from target import Target


@dataclass(frozen=True, slots=True)
class House:
    """The parts. `names` is there where monitors are checked by name, `silence` where some hang."""

    target: Target
    instance: Instance
    names: Names | None
    silence: Silence | None

    @property
    def silent_url(self) -> str:
        """Where nobody answers."""
        return self.silence.url if self.silence else ""

    @property
    def logs(self) -> list[Path]:
        """Where arrivals are written down."""
        return [self.target.arrivals, *([self.silence.arrivals] if self.silence else [])]

    @property
    def helpers(self) -> list[int]:
        """The processes that help the target; what they use is not ours either."""
        return [helper.pid for helper in (self.names, self.silence) if helper]


@contextmanager
def house(scenario: Scenario, nginx: str) -> Iterator[House]:
    """Everything that a scenario needs, in a fresh directory; raises NotPossible, NoNginx or NotReady."""
    with ExitStack() as stack:
        directory = stack.enter_context(fresh_directory())
        target = stack.enter_context(Target(nginx, directory / "target"))
        names = stack.enter_context(Names(directory)) if scenario.names else None
        silence = stack.enter_context(Silence(directory)) if scenario.hanging else None
        settings = {"EMETER_WORKERS": str(scenario.workers)}
        if scenario.tls:
            settings["SSL_CERT_FILE"] = str(target.trusted)
        instance = stack.enter_context(
            Instance(directory / "data", directory / "up.log", settings, names.conf if names else None)
        )
        yield House(target, instance, names, silence)


@contextmanager
def fresh_directory() -> Iterator[Path]:
    """A directory that the unprivileged account of the servers may pass through."""
    directory = Path(tempfile.mkdtemp(prefix="emeter-bench-"))
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
