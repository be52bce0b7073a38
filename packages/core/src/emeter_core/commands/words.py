"""Values as a person in a terminal reads them."""

from datetime import datetime, timedelta

_MS_PER_SECOND = 1000
_MS_UP_TO = 120_000  # from here on a latency is told as a length
_UNITS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


def ago(moment: datetime, now: datetime) -> str:
    """How long `moment` is past, in one unit: `4 s ago`."""
    return f"{length(max(now - moment, timedelta()))} ago"


def length(span: timedelta, *, units: int = 1) -> str:
    """A length of time in its largest whole units: `90 min` is `1 h`, in two units `1 h 30 min`."""
    left = int(span.total_seconds())
    told: list[tuple[int, str]] = []
    for unit, size in _UNITS:
        if left >= size or told:
            told.append((left // size, unit))
            left %= size
    return " ".join(f"{number} {unit}" for number, unit in told[:units] if number) or "0 s"


def latency(microseconds: int) -> str:
    """What something took: `12.3 ms`, from a second on `1.24 s`, from two minutes on `2 h 3 min`."""
    milliseconds = microseconds / 1000
    if milliseconds >= _MS_UP_TO:
        return length(timedelta(milliseconds=milliseconds), units=2)
    if milliseconds >= _MS_PER_SECOND:
        return f"{milliseconds / 1000:.2f} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 100 else f"{milliseconds:.1f} ms"  # noqa: PLR2004 - 3 digits
