"""The account of what turns: a page that is broken every now and then has its incidents, and no others."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby, pairwise

from emeter_core.outcome import Reason
from harness.site import is_broken
from harness.slots import EARLY, LATE, Ledger

DOWN_AFTER, UP_AFTER = 3, 2
"""The policy that a monitor has by itself."""


@dataclass(frozen=True)
class Story:
    """What was said of a probe."""

    changes: list[tuple[str, datetime, datetime]] = field(default_factory=list)
    """Conditions, with when each begins and when it was written down."""
    incidents: list[tuple[datetime, datetime | None]] = field(default_factory=list)


def explain_turns(
    ledger: Ledger, story: Story, page: int, arrivals: Sequence[float], until: datetime
) -> list[str]:
    """Everything that is wrong with what was said, up to `until`, of a page that turns."""
    who = f"the turning probe {ledger.probe_id}"
    return [
        *_false_results(ledger, page, sorted(arrivals), who),
        *_false_ends(ledger, story, who),
        *_not_noticed(ledger, story, until, who),
    ]


def _false_results(ledger: Ledger, page: int, came: Sequence[float], who: str) -> Iterator[str]:
    """Each result is what the page was like when a request of that time came."""
    for slot, (started, ended, reason) in ledger.results.items():
        mine = came[bisect_left(came, started - EARLY) : bisect_right(came, ended + LATE)]
        if {reason} - {Reason.OK, Reason.UNEXPECTED_CODE} or not any(
            is_broken(page, at) == bool(reason) for at in mine
        ):
            yield f"{slot} of {who} was found {reason.slug}"


def _false_ends(ledger: Ledger, story: Story, who: str) -> Iterator[str]:
    """Statuses and incidents begin and end with results that say so."""
    found = {slot: bool(reason) for slot, (_, _, reason) in ledger.results.items()}
    for condition, since, _ in story.changes:
        if condition in {"up", "down"} and found.get(since) is not (condition == "down"):
            yield f"{who} was said to be {condition} from {since} on"
    for began, ended in story.incidents:
        if found.get(began) is not True or (ended and found.get(ended) is not False):
            yield f"{who} had an incident from {began} to {ended}"
    for (_, ended), (began, _) in pairwise(sorted(story.incidents, key=lambda each: each[0])):
        if ended is None or ended > began:
            yield f"{who} had two incidents at {began}"


def _not_noticed(ledger: Ledger, story: Story, until: datetime, who: str) -> Iterator[str]:
    """Where so many in a row say the same, an incident is open or is not; silence begins a row anew.

    One more than the policy asks for: what waited for a database may have come in behind the next one, and
    is not counted then.
    """
    silences = [told for condition, _, told in story.changes if condition == "no_data"]
    for is_down, row in _rows(ledger):
        needed = (DOWN_AFTER if is_down else UP_AFTER) + 1
        if len(row) < needed or row[needed - 1] > until:
            continue
        moment = row[needed - 1]
        is_open = any(began <= moment and (not ended or ended > moment) for began, ended in story.incidents)
        if is_open is not is_down and not any(row[0] <= told for told in silences):
            yield f"{who} was {'down' if is_down else 'up'} {needed} times up to {moment}, and nobody noticed"


def _rows(ledger: Ledger) -> Iterator[tuple[bool, list[datetime]]]:
    """Results in a row that say the same, without a slot between two of them."""
    step = timedelta(milliseconds=ledger.interval_ms + 1)
    number, before, marked = 0, None, []
    for slot, (_, _, reason) in sorted(ledger.results.items()):
        if before is not None and slot - before > step:
            number += 1
        marked.append((number, bool(reason), slot))
        before = slot
    for (_, is_down), row in groupby(marked, key=lambda each: each[:2]):
        yield is_down, [slot for _, _, slot in row]
