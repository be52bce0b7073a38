"""Incidents: what went wrong with monitors, from the first failure until it is over."""

from emeter_core.incidents.follow import follow, resolve_for
from emeter_core.incidents.incident import Incident
from emeter_core.incidents.incident_monitor import IncidentMonitor
from emeter_core.incidents.queries import list_incidents
from emeter_core.incidents.status_change import StatusChange
from emeter_core.incidents.transition import FirstFailure, Transition

__all__ = [
    "FirstFailure",
    "Incident",
    "IncidentMonitor",
    "StatusChange",
    "Transition",
    "follow",
    "list_incidents",
    "resolve_for",
]
