"""Monitors as a list shows them: with bars, uptime and the last latencies of all rows at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import url_for
from markupsafe import Markup
from sqlalchemy.orm import Session

from emeter_core import analytics
from emeter_core.monitors import MonitorRow, Status
from emeter_core.scope import Scope
from emeter_web.formats import word
from emeter_web.shown.times import lasting_about
from emeter_web.words.incident import in_hand
from emeter_web.words.monitor import cause, is_wrong

DAY = timedelta(days=1)
MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ListRow:
    """One line of a list, as the component reads it: `told` is `Down 6 min`, `why` empty where all is well.

    `total_us` is None where the last check failed, has no known length, or there was none.
    """

    id: str
    href: str
    name: str
    target: str
    status: Status
    told: Markup
    why: str
    statuses: Sequence[Status | None]
    latencies: Sequence[int | None]
    total_us: int | None
    uptime: float | None
    checked_at: datetime | None
    tags: Sequence[str] = ()


def list_rows(session: Session, scope: Scope, rows: Sequence[MonitorRow], *, now: datetime) -> list[ListRow]:
    """Look up what belongs to these rows, in one statement each; none for an empty list."""
    ids = [row.monitor.id for row in rows]
    if not ids:
        return []
    spans = analytics.history(session, scope, ids, since=now - DAY, now=now)
    uptimes = analytics.uptimes(session, scope, ids, windows={"month": MONTH}, now=now)
    latencies = analytics.recent_latencies(session, scope, ids, now=now)
    return [
        _list_row(
            row,
            spans.get(row.monitor.id, []),
            latencies.get(row.monitor.id, []),
            uptimes[row.monitor.id]["month"],
            now,
        )
        for row in rows
    ]


def short_target(target: str) -> str:
    """An address as a list shows it: without its scheme, and without a path that is none."""
    return target.partition("://")[2].removesuffix("/") or target


def _list_row(
    row: MonitorRow,
    spans: Sequence[analytics.Span],
    latencies: Sequence[int | None],
    uptime: analytics.Uptime,
    now: datetime,
) -> ListRow:
    public_id = row.monitor.public_id
    return ListRow(
        id=str(public_id),
        href=url_for("monitors.show", public_id=public_id),
        name=row.monitor.name,
        target=short_target(row.monitor.target),
        status=row.status,
        told=Markup("{} {}").format(word(row.status), lasting_about(row.since, now)),
        why=_why(row, now) if is_wrong(row.status) else "",
        statuses=[slot.status for slot in analytics.bars(spans, since=now - DAY, until=now)],
        latencies=latencies,
        total_us=latencies[-1] if latencies else None,
        uptime=uptime.ratio,
        checked_at=row.last_slot,
    )


def _why(row: MonitorRow, now: datetime) -> str:
    told, incident = cause(row, now=now), row.incident
    if incident is None:
        return told
    return f"{told} · {in_hand(incident.acknowledged_at, incident.taken_by)}"
