"""The figures of a chart of latency, as JSON: columns of one length, milliseconds, Unix seconds. Pure."""

from collections.abc import Sequence

from emeter_core.analytics import Latency, Span
from emeter_core.outcome import Phases

_LOUD = frozenset({"down", "degraded", "maintenance"})


def series_of(latency: Latency, spans: Sequence[Span]) -> dict[str, object]:
    """Write columns and the stretches in which something was wrong."""
    phases = {name: [_ms(value) for value in getattr(latency, name)] for name in Phases._fields}
    return {
        "since": latency.since.timestamp(),
        "until": latency.until.timestamp(),
        "at": [at.timestamp() for at in latency.at],
        **phases,
        "checks": latency.checks,
        "failures": latency.failures,
        "bands": [
            {
                "status": span.status.value,
                "since": span.since.timestamp(),
                "until": span.until.timestamp(),
            }
            for span in spans
            if span.status.value in _LOUD
        ],
    }


def _ms(us: int | None) -> float | None:
    return None if us is None else us / 1000
