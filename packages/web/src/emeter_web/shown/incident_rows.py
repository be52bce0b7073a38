"""Incidents as their list shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from emeter_core import incidents
from emeter_core.incidents import Incident, cause_in_words
from emeter_web.shown.filters import read_page
from emeter_web.shown.times import lasted
from emeter_web.words.incident import in_hand

STATES = {"all": "All", "open": "Open", "closed": "Closed"}


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """One line; `status` is down while it is open, then up. `in_hand` says who is on it while it is open."""

    incident: Incident
    status: str
    cause: str
    lasted: Markup
    in_hand: str


def incident_rows(found: Sequence[incidents.IncidentRow], *, now: datetime) -> list[IncidentRow]:
    """Make lines of incidents."""
    return [_row(each.incident, each.taken_by, now) for each in found]


def state_of(arguments: Mapping[str, str]) -> str:
    """Which of them are asked for: one of STATES, `all` for anything else."""
    state = arguments.get("state", "")
    return state if state in STATES else "all"


def page_of(arguments: Mapping[str, str]) -> int:
    """Which page of them is asked for, from 1."""
    return read_page(arguments.get("page", ""))


def _row(incident: Incident, taken_by: str, now: datetime) -> IncidentRow:
    is_open = incident.resolved_at is None
    return IncidentRow(
        incident=incident,
        status="down" if is_open else "up",
        cause=cause_in_words(incident.cause, incident.evidence),
        lasted=lasted(incident.started_at, incident.resolved_at, now),
        in_hand=in_hand(incident.acknowledged_at, taken_by) if is_open else "",
    )
