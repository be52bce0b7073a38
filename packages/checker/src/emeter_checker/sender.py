"""The sender: an RQ worker whose jobs say that there is something to send, and the lanes that send it."""

from collections.abc import Iterator
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
from emeter_core.logs import get_logger
from emeter_core.metrics import NOWHERE, Address, MetricsSettings, Sample, families
from emeter_core.metrics.listener import tell_metrics
from emeter_core.supervisor.runtime import StopSignal
from emeter_core.vault import Vault
from emeter_storage.engine import DatabaseClock, SessionFactory

_log = get_logger(__name__)

HANDS = {ChannelKind.MAIL: 4, ChannelKind.WEBHOOK: 16}
"""How many are sent at once. A channel has two at most, so eight receivers must hang before others wait."""

TRIAL_HANDS = 4

_LAST_WORD_S = 5.0
"""How long it may take at the end to take this process out of the table."""

METRICS_PLACE = 1
"""Which of our ports for metrics is the sender's."""


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
        metrics: MetricsSettings = NOWHERE,
    ) -> None:
        self._redis = redis
        self._metrics = metrics
        self._told_at: Address | None = None
        self._presence = Presence("sender", sessions, clock)
        self._outbox = [
            OutboxLane(kind, carriers[kind], sessions, clock, vault, base_url=base_url, hands=HANDS[kind])
            for kind in ChannelKind
        ]
        self._trials = ChannelTrialLane(
            carriers, sessions, clock, vault, base_url=base_url, hands=TRIAL_HANDS
        )
        self._lanes: list[Lane[Any]] = [*self._outbox, self._trials]
        self._reporter = Reporter(
            self._presence,
            clock,
            figures=self._figures,
            parts={lane.name: lane for lane in self._lanes},
        )

    def run(self, stop: StopSignal) -> None:
        """Send until asked to stop; then end what is in flight. What was not begun stays in the outbox."""
        self._told_at = tell_metrics("sender", self._metrics, self.samples, first=METRICS_PLACE)
        HintJob.functions |= {DELIVER: self.deliver, TRY_CHANNEL: self._trials.look}
        for lane in self._lanes:
            lane.start()
        self._reporter.start()
        _log.announce("Sending.")
        listen(deliveries_queue(self._redis), stop)
        self._reporter.watch_no_more()
        for lane in self._lanes:
            lane.ask_to_stop()
        for lane in self._lanes:
            lane.join()
        self._reporter.stop(within=_LAST_WORD_S)

    def deliver(self) -> None:
        """The job: have all lanes look at the outbox. Safe to run twice."""
        for lane in self._outbox:
            lane.look()

    def samples(self) -> Iterator[Sample]:
        """What this process tells at `/metrics`."""
        for lane in self._outbox:
            yield Sample(families.DELIVERIES, lane.sent, (lane.name, "sent"))
            yield Sample(families.DELIVERIES, lane.failed, (lane.name, "failed"))
            yield Sample(families.DELIVERY_LATENESS, lane.lateness, (lane.name,))
            yield Sample(families.DELIVERIES_IN_FLIGHT, lane.in_flight, (lane.name,))
        yield Sample(families.REFUSED_JOBS, HintJob.refused)
        yield Sample(families.DATABASE_UP, self._presence.is_database_up)

    def _figures(self) -> dict[str, object]:
        lanes = {
            lane.name: {"in_flight": lane.in_flight, "sent": lane.sent, "failed": lane.failed}
            for lane in self._outbox
        }
        return {**lanes, "metrics": self._told_at and self._told_at._asdict()}
