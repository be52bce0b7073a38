"""All that is known of a heartbeat monitor, read and locked in one statement, and judged results of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from emeter_core.ahead import FARTHEST_AHEAD
from emeter_core.checks.advance import advance
from emeter_core.checks.finished import Finished
from emeter_core.checks.slots import to_us
from emeter_core.checks.state import Observation, Policy, State
from emeter_core.checks.take import Taken
from emeter_core.checks.write import Judged
from emeter_core.monitors.heartbeat.beats import Beats, unpack
from emeter_core.monitors.kinds.heartbeat import HeartbeatSettings
from emeter_core.outcome import Condition, Outcome

# Locked in the order that all writers keep to: probes, then monitors, ours between them. Each is locked, so
# that who had to wait goes on with what was written meanwhile.
LOCKED = """
SELECT h.monitor_id, h.anchor, h.runs, h.last_ping_at, p.id AS probe_id, p.enabled, p.next_slot,
  p.certificate_ends_at, p.condition, p.failures, p.successes, p.streak_since, p.streak_ended_at,
  p.last_slot, p.incident_open, m.version, m.settings, m.down_after, m.up_after
FROM heartbeats h JOIN probes p ON p.monitor_id = h.monitor_id JOIN monitors m ON m.id = h.monitor_id
"""
LOCKS = "FOR NO KEY UPDATE OF p, h"

_MILLISECOND = timedelta(milliseconds=1)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(slots=True)
class Known:
    """A heartbeat monitor: what is stored of it, and what its state has become since."""

    monitor_id: int
    probe_id: int
    version: int
    enabled: bool
    next_slot: datetime
    last_ping_at: datetime | None
    settings: HeartbeatSettings
    beats: Beats
    stored: State
    state: State
    policy: Policy
    certificate_ends_at: datetime | None

    @classmethod
    def of(cls, row: Row[*tuple[Any, ...]]) -> "Known":
        """What a row of LOCKED says."""
        state = State(
            Condition(row.condition),
            *(row.failures, row.successes, row.streak_since, row.streak_ended_at),
            *(row.last_slot, row.incident_open),
        )
        return cls(
            *(row.monitor_id, row.probe_id, row.version, row.enabled, row.next_slot, row.last_ping_at),
            # Valid when they were saved, and none of them is secret.
            settings=HeartbeatSettings.model_construct(**row.settings),
            beats=unpack(row.anchor, row.runs),
            stored=state,
            state=state,
            policy=Policy(row.down_after, row.up_after),
            certificate_ends_at=row.certificate_ends_at,
        )

    def judge(self, outcome: Outcome, at: datetime, *, now: datetime) -> Judged:
        """Let an outcome at the instant `at` count, as the next one of the probe."""
        slot = self._slot(at, now)
        before = self.state
        step = advance(before, Observation(outcome.condition, slot, slot), self.policy, now)
        self.state = step.state
        claim = Taken(self.probe_id, to_us(slot), "", self.monitor_id, self.version, 0)
        finished = Finished(claim, outcome, slot)
        counts = step.state is not before
        return Judged(finished, self.monitor_id, self.stored, step, counts, self.certificate_ends_at)

    def _slot(self, at: datetime, now: datetime) -> datetime:
        """The instant, a millisecond after the last slot at least: so far apart the key of results tells."""
        last = self.state.last_slot
        if last is None:
            return at
        if last > now + FARTHEST_AHEAD:
            self.state = self.state._replace(last_slot=None)
            return at
        return max(at, last + _MILLISECOND)


def whole_milliseconds(moment: datetime) -> datetime:
    """Cut to milliseconds."""
    return moment - (moment.microsecond % 1000) * _MICROSECOND
