"""A monitor taken to be changed."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from emeter_core.errors import NotFound
from emeter_core.monitors.monitor import Monitor
from emeter_core.monitors.probe import Probe
from emeter_core.scope import Scope


def lock_monitor(session: Session, scope: Scope, monitor: Monitor) -> Monitor:
    """Take the probes, then the monitor, as it is now in this session.

    Raises NotFound where it is gone or not the team's.
    """
    probe_ids = (
        select(Probe.id)
        .where(Probe.monitor_id == monitor.id)
        .order_by(Probe.id)
        .with_for_update(key_share=True)
    )
    session.execute(probe_ids)
    found = session.scalars(
        select(Monitor)
        .where(Monitor.id == monitor.id, Monitor.team_id == scope.team.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound("This monitor is gone.")
    return found
