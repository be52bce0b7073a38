"""All monitors of a team in a sentence: what is wrong stands first. Pure."""

from collections.abc import Mapping
from datetime import datetime

from emeter_core.monitors import Status
from emeter_web.formats import ago, count, plural

_TROUBLE = (
    (Status.DOWN, "down"),
    (Status.DEGRADED, "degraded"),
    (Status.NO_DATA, "without data"),
    (Status.BLOCKED, "blocked"),
    (Status.UNREACHABLE, "unreachable"),
)
# Where nothing is up, the state that most share says it.
_QUIET = (
    (Status.PENDING, "pending"),
    (Status.MAINTENANCE, "in maintenance"),
    (Status.PAUSED, "paused"),
)


def head(counts: Mapping[Status, int]) -> str:
    """The head of the dashboard: `3 down, 2 degraded`, `All 1,284 are up`, `Nothing is watched yet`."""
    wrong = _told(counts, _TROUBLE)
    if wrong:
        return ", ".join(wrong)
    up = counts.get(Status.UP, 0)
    if up and not counts.get(Status.PENDING):
        return f"All {count(up)} are up" if up > 1 else "The one monitor is up"
    if up:
        return f"{count(up)} up, {count(counts[Status.PENDING])} pending"
    return ", ".join(_told(counts, _QUIET)) or "Nothing is watched yet"


def lede(counts: Mapping[Status, int], latest_change: datetime | None, *, now: datetime) -> str:
    """The line below: how many are up, which rest, when something changed last."""
    total = sum(counts.values())
    resting = _told(counts, _QUIET[1:])
    sentences = [f"{count(counts.get(Status.UP, 0))} of {plural(total, 'monitor')} {_are(total)} up."]
    if resting and counts.get(Status.UP, 0):
        sentences.append(f"{' and '.join(resting)}.")
    if latest_change is not None:
        sentences.append(f"The latest change was {ago(latest_change, now)}.")
    return " ".join(sentences)


def _told(counts: Mapping[Status, int], words: tuple[tuple[Status, str], ...]) -> list[str]:
    return [f"{count(counts[status])} {word}" for status, word in words if counts.get(status)]


def _are(total: int) -> str:
    return "is" if total == 1 else "are"
