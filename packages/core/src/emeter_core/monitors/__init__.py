"""Monitors: what teams want watched."""

from emeter_core.monitors.cause import cause_of, expected_by
from emeter_core.monitors.check_now import CheckNow, check_monitor_now
from emeter_core.monitors.draft import Draft, draft_monitor
from emeter_core.monitors.lifecycle import (
    create_monitor,
    delete_monitor,
    pause_monitor,
    resume_monitor,
    rotate_token,
    update_monitor,
)
from emeter_core.monitors.location import Location, location_id_of
from emeter_core.monitors.monitor import Monitor
from emeter_core.monitors.probe import Probe
from emeter_core.monitors.queries import (
    Overview,
    Page,
    get_monitor,
    get_monitor_row,
    list_monitors,
    overview,
    team_of_monitor,
)
from emeter_core.monitors.rows import MonitorRow, OpenIncident
from emeter_core.monitors.settings import described, open_settings, plain_settings, told_target
from emeter_core.monitors.status import Status, status_of

__all__ = [
    "CheckNow",
    "Draft",
    "Location",
    "Monitor",
    "MonitorRow",
    "OpenIncident",
    "Overview",
    "Page",
    "Probe",
    "Status",
    "cause_of",
    "check_monitor_now",
    "create_monitor",
    "delete_monitor",
    "described",
    "draft_monitor",
    "expected_by",
    "get_monitor",
    "get_monitor_row",
    "list_monitors",
    "location_id_of",
    "open_settings",
    "overview",
    "pause_monitor",
    "plain_settings",
    "resume_monitor",
    "rotate_token",
    "status_of",
    "team_of_monitor",
    "told_target",
    "update_monitor",
]
