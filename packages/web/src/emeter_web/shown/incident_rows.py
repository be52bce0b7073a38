"""Incidents as their list shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from emeter_core.incidents import Incident, cause_in_words
from emeter_web.shown.filters import read_page
from emeter_web.shown.times import lasted

STATES = {"all": "All", "open": "Open", "closed": "Closed"}


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """One line; `status` is down while it is open, then up."""

    incident: Incident
    status: str
    cause: str
    lasted: Markup


def incident_rows(found: Sequence[Incident], *, now: datetime) -> list[IncidentRow]:
    """Make lines of incidents."""
    return [
        IncidentRow(
            incident=each,
            status="down" if each.resolved_at is None else "up",
            cause=cause_in_words(each.cause, each.evidence),
            lasted=lasted(each.started_at, each.resolved_at, now),
        )
        for each in found
    ]


def state_of(arguments: Mapping[str, str]) -> str:
    """Which of them are asked for: one of STATES, `all` for anything else."""
    state = arguments.get("state", "")
    return state if state in STATES else "all"


def page_of(arguments: Mapping[str, str]) -> int:
    """Which page of them is asked for, from 1."""
    return read_page(arguments.get("page", ""))
