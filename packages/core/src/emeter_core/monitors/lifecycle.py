"""Monitors made, changed, paused, resumed and deleted.

Lock order, as everywhere: probes, claims, monitors. Claims of what is no longer wanted are deleted with it,
so that an edit, a pause or a delete counts at once: without its claim no result is recorded.
"""

from datetime import datetime

from sqlalchemy import delete, insert, text, update
from sqlalchemy.orm import Session

from emeter_core.checks.let_go import let_go
from emeter_core.checks.slots import slot_at
from emeter_core.errors import NotFound
from emeter_core.incidents import StatusChange, resolve_for
from emeter_core.monitors.draft import Draft
from emeter_core.monitors.heartbeat.beats import NEVER
from emeter_core.monitors.heartbeat.keep import add_heartbeat, change_token, move_heartbeat
from emeter_core.monitors.kinds import KINDS
from emeter_core.monitors.kinds.heartbeat import HeartbeatSettings
from emeter_core.monitors.location import INBOUND_ID, location_id_of
from emeter_core.monitors.lock import lock_monitor
from emeter_core.monitors.monitor import Monitor
from emeter_core.monitors.probe import Probe
from emeter_core.monitors.settings import seal_settings
from emeter_core.outcome import Condition, Reason
from emeter_core.scope import Scope
from emeter_core.vault import Vault


def create_monitor(
    session: Session, scope: Scope, draft: Draft, *, vault: Vault, now: datetime, token: str = ""
) -> Monitor:
    """Add a monitor to the scope's team; its first check is due at once.

    A heartbeat waits for its first ping instead; `token` is what it is known by elsewhere. Raises Invalid
    where that is none, or is taken.
    """
    is_polled = KINDS[draft.kind].is_polled
    monitor = Monitor(
        team_id=scope.team.id, condition=Condition.PENDING, condition_since=now, inserted_at=now, version=0
    )
    _apply(monitor, draft, vault, now)
    session.add(monitor)
    session.flush()
    session.add(
        Probe(
            monitor_id=monitor.id,
            location_id=location_id_of(session) if is_polled else INBOUND_ID,
            interval_ms=draft.interval * 1000,
            timeout_ms=draft.timeout * 1000,
            next_slot=slot_at(now) if is_polled else NEVER,
            enabled=True,
        )
    )
    if not is_polled:
        add_heartbeat(session, monitor.id, vault=vault, token=token)
    _note(session, monitor, now)
    session.flush()
    return monitor


def update_monitor(
    session: Session, scope: Scope, monitor: Monitor, draft: Draft, *, vault: Vault, now: datetime
) -> None:
    """Make `monitor` what `draft` says; what was under way for the old version is not counted."""
    monitor = lock_monitor(session, scope, monitor)
    _let_go(session, monitor, now)
    _apply(monitor, draft, vault, now)
    session.execute(
        update(Probe)
        .where(Probe.monitor_id == monitor.id)
        .values(
            interval_ms=draft.interval * 1000,
            timeout_ms=draft.timeout * 1000,
            next_slot=slot_at(now),
            # What was seen of the old version confirms nothing of the new one.
            failures=0,
            successes=0,
            streak_since=None,
            streak_ended_at=None,
            certificate_ends_at=None,
        )
    )
    _expect(session, monitor, now)
    session.flush()


def pause_monitor(session: Session, scope: Scope, monitor: Monitor, *, now: datetime) -> None:
    """Stop checking. What is known of it stays, an open incident too; pausing twice changes nothing."""
    monitor = lock_monitor(session, scope, monitor)
    if monitor.paused_at is not None:
        return
    _let_go(session, monitor, now)
    monitor.paused_at = now
    monitor.updated_at = now
    session.execute(update(Probe).where(Probe.monitor_id == monitor.id).values(enabled=False))
    _note(session, monitor, now)
    session.flush()


def resume_monitor(session: Session, scope: Scope, monitor: Monitor, *, now: datetime) -> None:
    """Check again, at once. Until the first result it is pending: nobody looked meanwhile."""
    monitor = lock_monitor(session, scope, monitor)
    if monitor.paused_at is None:
        return
    monitor.paused_at = None
    monitor.updated_at = now
    monitor.condition = Condition.PENDING
    monitor.condition_since = now
    session.execute(
        update(Probe)
        .where(Probe.monitor_id == monitor.id)
        .values(
            enabled=True,
            next_slot=slot_at(now),
            condition=Condition.PENDING,
            failures=0,
            successes=0,
            streak_since=None,
            streak_ended_at=None,
            last_slot=None,
        )
    )
    _expect(session, monitor, now)
    _note(session, monitor, now)
    session.flush()


def delete_monitor(session: Session, scope: Scope, monitor: Monitor, *, now: datetime) -> None:
    """Delete a monitor with all that hangs on it; its raw results go with their day."""
    monitor = lock_monitor(session, scope, monitor)
    _drop_claims(session, monitor)
    resolve_for(session, [monitor.id], at=now)
    session.execute(delete(Monitor).where(Monitor.id == monitor.id, Monitor.team_id == scope.team.id))


def rotate_token(session: Session, scope: Scope, monitor: Monitor, *, vault: Vault) -> None:
    """Give a heartbeat another URL: the one before is dead at once. Raises NotFound for other kinds."""
    monitor = lock_monitor(session, scope, monitor)
    if KINDS[monitor.kind].is_polled:
        raise NotFound("Only a heartbeat has a URL of its own.")
    change_token(session, monitor.id, vault=vault)


def _let_go(session: Session, monitor: Monitor, now: datetime) -> None:
    """Of a heartbeat no slot was ever claimed."""
    if KINDS[monitor.kind].is_polled:
        let_go(session, monitor.id, now=now)


def _expect(session: Session, monitor: Monitor, now: datetime) -> None:
    """Wait for a heartbeat by what the monitor says now."""
    if not KINDS[monitor.kind].is_polled:
        settings = HeartbeatSettings.model_construct(**monitor.settings)
        move_heartbeat(session, monitor.id, settings, now=now)


def _apply(monitor: Monitor, draft: Draft, vault: Vault, now: datetime) -> None:
    monitor.name = draft.name
    monitor.kind = draft.kind
    monitor.target = draft.target
    monitor.interval_seconds = draft.interval
    monitor.timeout_seconds = draft.timeout
    monitor.down_after = draft.down_after
    monitor.up_after = draft.up_after
    monitor.settings, monitor.secrets = seal_settings(draft.settings, vault)
    monitor.version += 1
    monitor.updated_at = now


def _drop_claims(session: Session, monitor: Monitor) -> None:
    session.execute(
        text("DELETE FROM claims USING probes p WHERE p.id = claims.probe_id AND p.monitor_id = :monitor_id"),
        {"monitor_id": monitor.id},
    )


def _note(session: Session, monitor: Monitor, now: datetime) -> None:
    session.execute(
        insert(StatusChange).values(
            team_id=monitor.team_id,
            monitor_id=monitor.id,
            effective_at=now,
            recorded_at=now,
            reason=Reason.OK,
            condition=monitor.condition,
            paused=monitor.paused_at is not None,
        )
    )
