"""What follows from transitions: the history of statuses, incidents opened and closed, who is told."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select, text, update
from sqlalchemy.orm import Session

from emeter_core.incidents.incident import Incident, Resolution
from emeter_core.incidents.incident_monitor import IncidentMonitor
from emeter_core.incidents.status_change import StatusChange
from emeter_core.incidents.transition import Transition
from emeter_core.outbox import Event, enqueue_incidents
from emeter_core.rollups.dirty import Late, mark_dirty


def follow(session: Session, transitions: Sequence[Transition], *, now: datetime) -> None:
    """Write what `transitions` lead to; of one monitor they come in the order in which they happened."""
    for turn in _turns(transitions):
        _note(session, [each for each in turn if each.after], now)
        _open(session, [each for each in turn if each.first_failure], now)
        ended = {each.monitor_id: each.resolved_at for each in turn if each.resolved_at}
        _resolve(session, ended, Resolution.RECOVERED, now)


def resolve_for(session: Session, monitor_ids: Sequence[int], *, at: datetime) -> None:
    """End the open incidents of monitors that are about to be deleted."""
    _resolve(session, dict.fromkeys(monitor_ids, at), Resolution.DELETED, at)


def _turns(transitions: Sequence[Transition]) -> list[list[Transition]]:
    """Cut into turns in which each monitor comes once, so that each turn is a few statements for all."""
    turns: list[list[Transition]] = []
    seen: dict[int, int] = {}
    for each in transitions:
        turn = seen[each.monitor_id] = seen.get(each.monitor_id, -1) + 1
        if turn == len(turns):
            turns.append([])
        turns[turn].append(each)
    return turns


def _note(session: Session, transitions: Sequence[Transition], now: datetime) -> None:
    if not transitions:
        return
    rows = [
        {
            "team_id": each.team_id,
            "monitor_id": each.monitor_id,
            "effective_at": each.effective_at,
            "recorded_at": now,
            "reason": each.reason.value,
            "condition": each.after,
            "paused": each.paused,
        }
        for each in transitions
    ]
    session.execute(insert(StatusChange), rows)
    mark_dirty(session, [Late(each.monitor_id, each.effective_at) for each in transitions], now=now)


def _open(session: Session, transitions: Sequence[Transition], now: datetime) -> None:
    """Open an incident for each of the monitors."""
    if not transitions:
        return
    incidents = [
        {
            "team_id": each.team_id,
            "title": each.monitor_name,
            "cause": each.first_failure.reason.slug,
            "evidence": each.first_failure.evidence,
            "started_at": each.first_failure.at,
            "confirmed_at": now,
        }
        for each in transitions
        if each.first_failure
    ]
    ids = session.scalars(
        insert(Incident).returning(Incident.id, sort_by_parameter_order=True), incidents
    ).all()
    members = [
        {
            "incident_id": incident_id,
            "monitor_id": each.monitor_id,
            "team_id": each.team_id,
            "started_at": incident["started_at"],
        }
        for incident_id, each, incident in zip(ids, transitions, incidents, strict=True)
    ]
    session.execute(insert(IncidentMonitor), members)
    enqueue_incidents(session, Event.OPENED, ids, now=now)


_RESOLVE_MEMBERS = """
UPDATE incident_monitors i
SET resolved_at = greatest(d.resolved_at, i.started_at)
FROM unnest(CAST(:monitor_ids AS int[]), CAST(:moments AS timestamptz[])) AS d (monitor_id, resolved_at)
WHERE i.monitor_id = d.monitor_id AND i.resolved_at IS NULL
"""


def _resolve(session: Session, resolved: dict[int, datetime], resolution: Resolution, now: datetime) -> None:
    """End the part of each monitor in its open incident, and the incidents in which all parts ended."""
    if not resolved:
        return
    is_open = IncidentMonitor.resolved_at.is_(None)
    incident_ids = session.scalars(
        select(IncidentMonitor.incident_id).where(IncidentMonitor.monitor_id.in_(resolved), is_open)
    ).all()
    values = {"monitor_ids": list(resolved), "moments": list(resolved.values())}
    session.execute(text(_RESOLVE_MEMBERS), values)
    still_open = select(IncidentMonitor.incident_id).where(is_open)
    last_end = (
        select(IncidentMonitor.resolved_at)
        .where(IncidentMonitor.incident_id == Incident.id)
        .order_by(IncidentMonitor.resolved_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    ended = session.scalars(
        update(Incident)
        .where(Incident.id.in_(incident_ids), Incident.id.not_in(still_open))
        .values(resolved_at=last_end, resolution=resolution.value)
        .returning(Incident.id)
        .execution_options(synchronize_session=False)
    ).all()
    enqueue_incidents(session, Event.RESOLVED, ended, now=now)
