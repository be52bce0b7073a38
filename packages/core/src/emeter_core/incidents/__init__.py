"""Incidents: what went wrong with monitors, from the first failure until it is over."""

from emeter_core.incidents.acknowledge import acknowledge
from emeter_core.incidents.cause import cause_in_words
from emeter_core.incidents.follow import follow, resolve_for
from emeter_core.incidents.incident import Incident, Resolution
from emeter_core.incidents.incident_monitor import IncidentMonitor
from emeter_core.incidents.queries import (
    IncidentPage,
    IncidentRow,
    Member,
    get_incident,
    list_incidents,
    members,
    team_of_incident,
)
from emeter_core.incidents.status_change import StatusChange
from emeter_core.incidents.transition import FirstFailure, Transition

__all__ = [
    "FirstFailure",
    "Incident",
    "IncidentMonitor",
    "IncidentPage",
    "IncidentRow",
    "Member",
    "Resolution",
    "StatusChange",
    "Transition",
    "acknowledge",
    "cause_in_words",
    "follow",
    "get_incident",
    "list_incidents",
    "members",
    "resolve_for",
    "team_of_incident",
]
