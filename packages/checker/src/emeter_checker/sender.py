"""The sender: an RQ worker whose jobs say that there is something to send, and the lanes that send it."""

import logging
from typing import Any

from redis import Redis

from emeter_checker.delivery.carriers import Carriers
from emeter_checker.delivery.channel_trials import ChannelTrialLane
from emeter_checker.delivery.lane import Lane
from emeter_checker.delivery.outbox import OutboxLane
from emeter_checker.hint_job import DELIVER, TRY_CHANNEL, HintJob
from emeter_checker.hint_worker import listen
from emeter_checker.hints import deliveries_queue
from emeter_checker.presence import Presence
from emeter_checker.reporter import Reporter
from emeter_core.alerts import ChannelKind
from emeter_core.supervisor.runtime import StopSignal
from emeter_core.vault import Vault
from emeter_storage.engine import DatabaseClock, SessionFactory

_log = logging.getLogger(__name__)

HANDS = {ChannelKind.MAIL: 4, ChannelKind.WEBHOOK: 16}
"""How many are sent at once. A channel has two at most, so eight receivers must hang before others wait."""

TRIAL_HANDS = 4


class Sender:
    """One sender process: RQ in the main thread, a lane per kind of channel and one for tests beside it."""

    def __init__(
        self,
        sessions: SessionFactory,
        clock: DatabaseClock,
        redis: Redis,
        vault: Vault,
        carriers: Carriers,
        *,
        base_url: str,
    ) -> None:
        self._redis = redis
        self._outbox = [
            OutboxLane(kind, carriers[kind], sessions, clock, vault, base_url=base_url, hands=HANDS[kind])
            for kind in ChannelKind
        ]
        self._trials = ChannelTrialLane(
            carriers, sessions, clock, vault, base_url=base_url, hands=TRIAL_HANDS
        )
        self._lanes: list[Lane[Any]] = [*self._outbox, self._trials]
        self._reporter = Reporter(
            Presence("sender", sessions, clock),
            clock,
            figures=self._figures,
            parts={lane.name: lane for lane in self._lanes},
        )

    def run(self, stop: StopSignal) -> None:
        """Send until asked to stop; then end what is in flight. What was not begun stays in the outbox."""
        HintJob.functions |= {DELIVER: self.deliver, TRY_CHANNEL: self._trials.look}
        for lane in self._lanes:
            lane.start()
        self._reporter.start()
        _log.info("Sending.")
        listen(deliveries_queue(self._redis), stop)
        self._reporter.watch_no_more()
        for lane in self._lanes:
            lane.ask_to_stop()
        for lane in self._lanes:
            lane.join()
        self._reporter.stop()

    def deliver(self) -> None:
        """The job: have all lanes look at the outbox. Safe to run twice."""
        for lane in self._outbox:
            lane.look()

    def _figures(self) -> dict[str, object]:
        return {
            lane.name: {"in_flight": lane.in_flight, "sent": lane.sent, "failed": lane.failed}
            for lane in self._outbox
        }
