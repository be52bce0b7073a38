"""What is new in a team: asked every second for every team that somebody looks at."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core.microseconds import sql_from_stored
from emeter_core.monitors.shown import SQL_STATUS
from emeter_core.monitors.status import Status

# A result is written down so soon after its check ended: the recorder's 200 ms, and some for a busy machine.
_SLACK = timedelta(seconds=2)
# No check takes longer. What took a job longer was told at its end, and is no news for as long again.
_LONGEST_US = 60_000_000


class LiveRow(NamedTuple):
    """A monitor with news: `public_id` as pages carry it.

    `total_us` is None where its newest check failed, or took a time that is not known.
    """

    public_id: str
    status: Status
    total_us: int | None
    last_slot: datetime | None


@dataclass(frozen=True, slots=True)
class LiveState:
    """`revision` is another after any change that pages must be fetched again for; it means nothing else.

    `rows` are the monitors whose newest check is new.
    """

    revision: str
    rows: list[LiveRow]


# One row a team, each part over an index of it.
_REVISIONS = text("""
SELECT t.id, md5(concat_ws(' ',
  (SELECT concat_ws(' ', count(*), bit_xor(hash_record_extended(ROW(id, condition_since, updated_at), 0)))
   FROM monitors WHERE team_id = t.id),
  (SELECT max(id) FROM incidents WHERE team_id = t.id),
  (SELECT concat_ws(' ', count(*), count(acknowledged_at)) FROM incidents
   WHERE team_id = t.id AND resolved_at IS NULL),
  (SELECT concat_ws(' ', count(*), sum(attempts)) FROM deliveries
   WHERE team_id = t.id AND state = 'pending')
))
FROM unnest(CAST(:team_ids AS uuid[])) AS t (id)
""")

_TOTAL_US = sql_from_stored("p.last_total_us")
_NEWS = text(f"""
SELECT m.team_id, m.public_id::text, {SQL_STATUS},
  CASE WHEN p.last_reason = 0 THEN nullif({_TOTAL_US}, 0) END, p.last_slot
FROM monitors m JOIN probes p ON p.monitor_id = m.id
WHERE m.team_id = ANY (CAST(:team_ids AS uuid[]))
  AND p.last_slot + least({_TOTAL_US}, :longest) * interval '1 microsecond' >= :since
""")  # noqa: S608 - made of our own constants


def live_states(
    session: Session, team_ids: Collection[uuid.UUID], *, since: datetime | None
) -> dict[uuid.UUID, LiveState]:
    """What changed in each team since a look at `since` (the database's time; None: no look yet, no rows).

    A row may come twice: results are written a moment after their check, so looks overlap by two seconds.
    """
    asked = "{" + ",".join(map(str, team_ids)) + "}"
    revisions = session.execute(_REVISIONS, {"team_ids": asked})
    states = {team_id: LiveState(revision, []) for team_id, revision in revisions}
    if since is not None:
        news = session.execute(_NEWS, {"team_ids": asked, "since": since - _SLACK, "longest": _LONGEST_US})
        for team_id, key, status, total, slot in news:
            states[team_id].rows.append(LiveRow(key, Status(status), total, slot))
    return states
