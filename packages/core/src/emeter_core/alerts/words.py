"""Times and figures as a mail tells them. Pure."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from emeter_core.monitors import Monitor, told_target

_UNITS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
_MAX_VALUE = 200


def length(span: timedelta, *, units: int = 2) -> str:
    """A length of time in its largest units, cut: `6 min 8 s`, in one unit `6 min`."""
    seconds = max(0, int(span.total_seconds()))
    first = next((index for index, (_, size) in enumerate(_UNITS) if seconds >= size), len(_UNITS) - 1)
    parts = []
    for unit, size in _UNITS[first : first + units]:
        count, seconds = divmod(seconds, size)
        parts.append(f"{count} {unit}")
    shown = [part for part in parts if not part.startswith("0 ")]
    return " ".join(shown or parts[:1])


def instant(moment: datetime, time_zone: str) -> str:
    """A moment as the team's clocks show it: `14:32:00 CET, 23 Nov 2026`; UTC where the zone is unknown."""
    try:
        there = moment.astimezone(ZoneInfo(time_zone))
    except (OSError, ValueError, KeyError):
        there = moment.astimezone(UTC)
    return f"{there:%H:%M:%S %Z}, {there.day} {there:%b %Y}"


def shown_target(monitor: Monitor) -> str:
    """What is watched: its address as `shown_url` has it, or when it is expected, where nobody is asked."""
    told = told_target(monitor)
    return shown_url(told) if told == monitor.target else told


def shown_url(url: str) -> str:
    """A URL without its query: tokens stand there, and a mail travels far."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return urlunsplit(parts._replace(query="…" if parts.query else "", fragment=""))


def brief(evidence: Mapping[str, Any]) -> dict[str, str]:
    """What was seen at the first failure, in a few lines. Headers and bodies stay on the page."""
    return {label: value[:_MAX_VALUE] for label, value in _lines(evidence) if value}


def _lines(evidence: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Address", str(evidence.get("address") or "")
    yield "Status code", str(evidence.get("code") or "")
    yield "Redirected to", shown_url(str(evidence.get("final_url") or ""))
    certificate = evidence.get("certificate") or {}
    yield "Certificate until", str(certificate.get("ends_at") or "")[:10]
    total = sum((evidence.get("phases") or {}).values())
    yield "Took", f"{total // 1000:,} ms" if total else ""
    yield "Error", " ".join(str(evidence.get("error") or "").split())
