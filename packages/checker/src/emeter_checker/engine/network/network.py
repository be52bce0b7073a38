"""The judge of failures: was it the target, or was it us."""

import select
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from emeter_checker import link
from emeter_checker.engine.job import Finished
from emeter_checker.engine.network.question import Question
from emeter_checker.engine.network.questions import Anchor, Anchors, NameServers, WayOut
from emeter_checker.engine.network.spokesman import Spokesman
from emeter_checker.engine.resolver import Resolver
from emeter_checker.engine.timers import Timers
from emeter_core.logs import get_logger
from emeter_core.outcome import Reason

_log = get_logger(__name__)

_OURS = frozenset({Reason.NETWORK_UNAVAILABLE, Reason.RESOLVER_UNAVAILABLE})

DOUBTFUL = _OURS | {
    Reason.NAME_SERVER_FAILED,
    Reason.NAME_SERVER_SILENT,
    Reason.CONNECT_TIMEOUT,
    Reason.HOST_UNREACHABLE,
    Reason.TIMEOUT,
    Reason.PING_UNANSWERED,
}
"""What a check may find because of us: nobody answered. Whoever refuses or answers wrongly was reached."""

CALM_S = 5.0
"""So long all must be well before the operator is told that it is."""


class OwnNetwork:
    """Reports what has finished, failures of ours as no data; all in the engine's thread.

    Without doubt that is at once, else within the second that a question takes. A failure is ours where the
    kernel knows no way to the address, where a name server was silent and none of ours answers anything, or
    where there are anchors and none of them answers: now, or at any time since the check began.
    """

    def __init__(
        self,
        epoll: select.epoll,
        timers: Timers,
        resolver: Resolver,
        anchors: Sequence[Anchor],
        report: Callable[[Finished], None],
        spokesman: Spokesman,
    ) -> None:
        self._timers = timers
        self._report = report
        self._spokesman = spokesman
        self._tells = False
        self._waiting: list[Finished] = []
        self._way_out = WayOut(timers, self._answered)
        self._name_servers = NameServers(timers, self._answered, resolver)
        self._anchors = Anchors(timers, self._answered, resolver, epoll, anchors) if anchors else None
        self._questions = [each for each in (self._way_out, self._anchors, self._name_servers) if each]
        self.sockets: dict[int, Any] = self._anchors.sockets if self._anchors else {}
        self.trouble = ""
        """What is wrong with our network, in words; empty where nothing is known to be. For any thread."""
        self._trouble_since = 0.0
        self._calm_since: float | None = None

    @property
    def is_busy(self) -> bool:
        """Whether checks that have ended wait for an answer."""
        return bool(self._waiting)

    def start(self) -> None:
        """Ask the anchors once, so that one hears at once of anchors that could never answer."""
        if self._anchors is not None:
            self._anchors.ask()

    def settle(self, finished: Finished) -> None:
        """Take a check that ended in doubt."""
        if not self._try(finished):
            self._waiting.append(finished)

    def ready(self, fd: int) -> None:
        """See to a socket that is ready."""
        if self._anchors is not None:
            self._anchors.ready(fd)

    def close(self) -> None:
        """Report what waits as not checked, and close the sockets."""
        waiting, self._waiting = self._waiting, []
        for finished in waiting:
            self._blame(finished, Reason.NOT_CHECKED, "stopped before it was known whose fault it is")
        if self._anchors is not None:
            self._anchors.end()
        self._spokesman.gives_it_back()

    def _try(self, finished: Finished) -> bool:
        """Settle it, if all is known; a bug of ours leaves what was found."""
        try:
            return self._settled(finished)
        except Exception:  # noqa: BLE001 - an outcome must not be lost
            _log.exception("whose fault a failure was could not be asked")
            self._report(finished)
            return True

    def _settled(self, finished: Finished) -> bool:
        """Report it, if what there is to ask is answered; else ask."""
        outcome = finished.outcome
        since, now = finished.started_at, time.monotonic()
        if outcome.reason in _OURS:
            # First, for without a way out no name server answers, either: that is what the operator is told.
            self._known(self._way_out, since, now)
            if outcome.reason is Reason.RESOLVER_UNAVAILABLE:
                self._known(self._name_servers, since, now)
            self._report(finished)
            return True
        why = link.trouble_towards(outcome.address) if outcome.address else ""
        if why:
            self._known(self._way_out, since, now)
            return self._blame(finished, Reason.NETWORK_UNAVAILABLE, why)
        heard: bool | None = True
        if outcome.reason is Reason.NAME_SERVER_SILENT:
            heard = self._known(self._name_servers, since, now)
        online = self._known(self._anchors, since, now) if self._anchors is not None else True
        if heard is False:
            return self._blame(finished, Reason.RESOLVER_UNAVAILABLE, self._name_servers.trouble)
        if online is False:
            return self._blame(finished, Reason.NETWORK_UNAVAILABLE, Anchors.trouble)
        if heard and online:
            self._report(finished)
            return True
        return False

    def _known(self, question: Question, since: float, now: float) -> bool | None:
        """What is known; where that is nothing the question is asked, and some are answered at once."""
        known = question.known(since, now)
        if known is not None:
            return known
        question.ask()
        return question.known(since, now)

    def _blame(self, finished: Finished, reason: Reason, why: str) -> bool:
        """Report a failure as ours, with what the check itself had found."""
        found = finished.outcome
        evidence = {**found.evidence, "error": f"{why}; the check found: {found.reason.text}"}
        finished.outcome = replace(found, reason=reason, evidence=evidence)
        self._report(finished)
        return True

    def _answered(self) -> None:
        """Tell the operator what changed, and go through what waits."""
        self._tell()
        waiting, self._waiting = self._waiting, []
        # Whatever is asked meanwhile may be answered meanwhile.
        left = [finished for finished in waiting if not self._try(finished)]
        self._waiting += left

    def _tell(self) -> None:
        """Say once that our network is away, and once that it is back."""
        trouble = next((question.trouble for question in self._questions if question.is_no), "")
        if trouble:
            self._calm_since = None
            if not self.trouble:
                self._trouble_since = time.monotonic()
                self._tells = self._spokesman.takes_the_word()
            if not self.trouble and self._tells:
                _log.warning(
                    "Our own network is away. Checks that fail because of it count as no data.", why=trouble
                )
            self.trouble = trouble
        elif self.trouble and self._calm_since is None:
            self._calm_since = time.monotonic()
            self._timers.at(self._calm_since + CALM_S, self._calm_down, self._calm_since)

    def _calm_down(self, calm_since: float) -> None:
        if self._calm_since != calm_since:
            return
        self._calm_since = None
        self.trouble = ""
        if self._tells:
            self._spokesman.gives_it_back()
            _log.warning("Our own network is back.", after_seconds=round(calm_since - self._trouble_since))
