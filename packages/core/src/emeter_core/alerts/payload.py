"""The body of a webhook: Standard Webhooks' envelope, and in `data` version 1 of ours. Pure."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from emeter_core.alerts.facts import Facts
from emeter_core.alerts.words import shown_target

VERSION = 1


def incident_payload(facts: Facts) -> bytes:
    """What an incident's webhook says. `data` is the incident as it is when this is sent."""
    data = {"incident": _incident(facts), "monitor": _monitor(facts), "url": facts.link}
    return envelope(facts.event.value, facts.told_at, data)


def envelope(kind: str, happened_at: datetime, data: Mapping[str, Any]) -> bytes:
    """The bytes that are signed and sent."""
    body = {"type": kind, "timestamp": iso(happened_at), "data": {"version": VERSION, **data}}
    return json.dumps(body, separators=(",", ":")).encode()


def iso(moment: datetime | None) -> str | None:
    """A moment as JSON carries it, in UTC."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _incident(facts: Facts) -> dict[str, Any]:
    incident, lasted = facts.incident, facts.lasted
    return {
        "id": str(incident.public_id),
        "title": incident.title,
        "state": "open" if incident.resolved_at is None else "resolved",
        "cause": incident.cause,
        "cause_text": facts.cause,
        "started_at": iso(incident.started_at),
        "confirmed_at": iso(incident.confirmed_at),
        "acknowledged_at": iso(incident.acknowledged_at),
        "acknowledged_by": facts.taken_by,
        "resolved_at": iso(incident.resolved_at),
        "resolution": incident.resolution,
        "duration_seconds": None if lasted is None else lasted.total_seconds(),
        "evidence": _evidence(incident.evidence),
    }


def _evidence(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """The evidence in brief: what a server sent stays on the page of the incident."""
    return {name: evidence.get(name) for name in ("address", "code", "error", "phases")}


def _monitor(facts: Facts) -> dict[str, Any]:
    """What is watched. `target` is for people: of a heartbeat it says when it is expected. `id` stays."""
    monitor = facts.monitor
    if monitor is None:
        return {"id": None, "name": facts.incident.title, "deleted": True}
    return {
        "id": str(monitor.public_id),
        "name": monitor.name,
        "deleted": False,
        "kind": monitor.kind,
        "target": shown_target(monitor),
        "status": monitor.status.value,
        "url": f"{facts.base_url}/monitors/{monitor.public_id}",
    }
