"""Values as a person in a terminal reads them."""

from datetime import datetime, timedelta

_MS_PER_SECOND = 1000
_UNITS = (("d", 86_400), ("h", 3600), ("min", 60))


def ago(moment: datetime, now: datetime) -> str:
    """How long `moment` is past, in one unit: `4 s ago`."""
    return f"{length(max(now - moment, timedelta()))} ago"


def length(span: timedelta) -> str:
    """A length of time in its largest whole unit: `90 min` is `1 h`."""
    seconds = int(span.total_seconds())
    for unit, size in _UNITS:
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def latency(microseconds: int) -> str:
    """A latency in milliseconds, from a second on in seconds: `12.3 ms`, `240 ms`, `1.24 s`."""
    milliseconds = microseconds / 1000
    if milliseconds >= _MS_PER_SECOND:
        return f"{milliseconds / 1000:.2f} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 100 else f"{milliseconds:.1f} ms"  # noqa: PLR2004 - 3 digits
