"""What the engine offers to a kind of check, and what a kind owes to the engine."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from emeter_checker.guard import AddressGuard
from emeter_core.checks.spec import CheckSpec
from emeter_core.logs import get_logger
from emeter_core.outcome import Outcome, Reason

_log = get_logger(__name__)

Work = Callable[[], Coroutine[Any, Any, Outcome]]
"""What makes the coroutine of a check for the asyncio loop."""


class Check(ABC):
    """One check under way. The engine calls its methods, always in the engine's thread.

    It ends by calling `finish` once; what is called after that must do nothing.
    """

    __slots__ = ("deadline", "effort_before", "ended", "on_end", "spec", "started_at", "ticket")

    def __init__(self, spec: CheckSpec) -> None:
        self.spec = spec
        self.ended = False
        # Set by the engine before `start`.
        self.ticket: object = None
        self.started_at = 0.0
        self.deadline = 0.0
        self.effort_before = 0.0
        self.on_end: Callable[[Check, Outcome], None]

    @abstractmethod
    def start(self) -> None:
        """Begin; `started_at` and `deadline` (seconds of `time.monotonic()`) are set."""

    @abstractmethod
    def resolved(self, status: int, addresses: Sequence[str]) -> None:
        """Take the answer of a look-up: c-ares' status (0 for success) and every address in it."""

    @abstractmethod
    def transferred(self, error: int, text: str) -> None:
        """Take the end of a transfer: libcurl's code (0 for success) and its words."""

    @abstractmethod
    def expired(self) -> None:
        """Take note that the deadline has passed."""

    @abstractmethod
    def release(self) -> None:
        """Give back what the check holds: handles, sockets. Called once, after `finish`."""

    def finish(self, outcome: Outcome) -> None:
        """End with this outcome; a second call is ignored."""
        if self.ended:
            return
        self.ended = True
        self.on_end(self, outcome)

    def fail(self, error: BaseException) -> None:
        """End as not checked, because of a bug of ours: one check lost, no more."""
        _log.error("a check broke", monitor=self.spec.monitor_id, exc_info=error)
        self.finish(Outcome(Reason.NOT_CHECKED, evidence={"error": type(error).__name__}))


class Resolver(Protocol):
    """Look-ups by name."""

    def resolve(self, name: str, family: int, deadline: float, check: Check) -> None:
        """Look `name` up anew; answers by `check.resolved`, at the deadline at the latest."""


class Transfers(Protocol):
    """Transfers of libcurl."""

    def begin(self, curl: Any, check: Check) -> None:  # noqa: ANN401 - pycurl has no types
        """Run the transfer that `curl` is set up for; answers by `check.transferred`."""

    def abort(self, curl: Any) -> None:  # noqa: ANN401 - pycurl has no types
        """Give the transfer up, without an answer."""


class Loop(Protocol):
    """The asyncio loop beside the engine, in a thread of its own."""

    def run(self, work: Work, check: Check) -> None:
        """Run `work()` on the loop; the check ends with its outcome."""

    def cancel(self, check: Check) -> None:
        """Give the work of a check up, without an answer; does nothing for one that has ended."""


@dataclass(frozen=True, slots=True)
class Services:
    """What every probe of one engine shares."""

    guard: AddressGuard
    resolver: Resolver
    transfers: Transfers
    loop: Loop
    user_agent: str
    ca_file: str


class Probe(ABC):
    """How one kind is checked; one instance per engine, so that it may keep what it reuses."""

    kind: ClassVar[str]

    @abstractmethod
    def __init__(self, services: Services) -> None:
        """Take what the engine offers."""

    @abstractmethod
    def check(self, spec: CheckSpec) -> Check:
        """Make a check of this spec, not yet started."""

    @abstractmethod
    def close(self) -> None:
        """Let go of everything kept."""
