"""A heartbeat, read for the people of its team."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core.checks.slots import to_us
from emeter_core.errors import NotFound
from emeter_core.monitors.heartbeat.beats import Run, next_due, unpack
from emeter_core.monitors.heartbeat.ping import ENDS, PingKind
from emeter_core.monitors.heartbeat.tokens import open_token
from emeter_core.monitors.kinds.heartbeat import HeartbeatSettings
from emeter_core.monitors.monitor import Monitor
from emeter_core.scope import Scope
from emeter_core.vault import Vault


@dataclass(frozen=True, slots=True)
class ShownPing:
    """A ping that was taken. `run_us` is how long the run took that it ended, in microseconds."""

    at: datetime
    kind: PingKind
    exit_code: int | None
    run_us: int | None
    rid: uuid.UUID | None
    message: str

    @property
    def slot_us(self) -> int | None:
        """The slot of its result, as URLs name a check; None where it counted for nothing."""
        return to_us(self.at) if self.kind in ENDS else None


@dataclass(frozen=True, slots=True)
class HeartbeatView:
    """What there is of a heartbeat at an instant.

    `expected_at` and `due_at` are None where nothing is expected; in between it is late. `runs` are those
    that began and have not ended, by their rid, oldest first; `pings` the last ones, newest first.
    """

    settings: HeartbeatSettings
    token: str
    expected_at: datetime | None
    due_at: datetime | None
    count: int
    last_ping_at: datetime | None
    runs: Mapping[str, Run]
    pings: Sequence[ShownPing]
    now: datetime

    def url(self, base_url: str) -> str:
        """Where the job pings: whoever knows it may."""
        return f"{base_url}/ping/{self.token}"

    @property
    def open_run(self) -> Run | None:
        """The oldest run that began, has not ended, and still may."""
        return next((run for run in self.runs.values() if not run.told), None)

    @property
    def is_late(self) -> bool:
        """Whether it was expected before now, and may still come in time."""
        if self.expected_at is None or self.due_at is None or self.open_run is not None:
            return False
        return self.expected_at < self.now <= self.due_at

    @property
    def next_runs(self) -> Sequence[datetime]:
        """When its schedule is due next; empty where it has none."""
        return self.settings.preview(self.now)


_READ = text("""
SELECT h.token, h.anchor, h.runs, h.pings, h.last_ping_at,
  p.at, p.kind, p.exit_code, p.run_us, p.rid, p.message
FROM heartbeats h JOIN monitors m ON m.id = h.monitor_id
LEFT JOIN LATERAL (
  SELECT * FROM heartbeat_pings WHERE monitor_id = h.monitor_id ORDER BY at DESC LIMIT :limit
) AS p ON true
WHERE h.monitor_id = :monitor_id AND m.team_id = :team_id
ORDER BY p.at DESC
""")


def get_heartbeat(
    session: Session, scope: Scope, monitor: Monitor, *, vault: Vault, now: datetime, limit: int = 10
) -> HeartbeatView:
    """What there is of the heartbeat of a monitor, with its last pings, in one statement.

    Raises NotFound where it is none, or another team's.
    """
    values = {"monitor_id": monitor.id, "team_id": scope.team.id, "limit": limit}
    rows = session.execute(_READ, values).all()
    if not rows:
        raise NotFound("There is no heartbeat of this monitor.")
    head, settings = rows[0], HeartbeatSettings.model_construct(**monitor.settings)
    beats = unpack(head.anchor, head.runs)
    due = next_due(settings, beats)
    return HeartbeatView(
        settings=settings,
        token=open_token(bytes(head.token), vault),
        expected_at=None if beats.anchor is None else settings.next_expected(beats.anchor),
        due_at=due.at if due else None,
        count=head.pings,
        last_ping_at=head.last_ping_at,
        runs=dict(sorted(beats.runs.items(), key=lambda pair: pair[1].began)),
        pings=[
            ShownPing(row.at, PingKind(row.kind), row.exit_code, row.run_us, row.rid, row.message or "")
            for row in rows
            if row.at is not None
        ],
        now=now,
    )
