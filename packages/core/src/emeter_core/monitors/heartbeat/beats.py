"""What is expected of a job, and what a ping or the lack of one changes: pure.

A job is expected after `anchor`, the last time it was heard of or failed to come. A run that began when one
was expected is waited for instead, until its own limit.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from emeter_core.checks.slots import from_us, to_us
from emeter_core.monitors.heartbeat.ping import Ping, PingKind
from emeter_core.monitors.kinds.heartbeat import HeartbeatSettings

MAX_OPEN_RUNS = 20
"""So many runs that began are remembered, the oldest forgotten first."""

NEVER = datetime.fromisoformat("9999-01-01T00:00:00+00:00")
"""When nothing is expected."""

EARLY = timedelta(seconds=10)
"""So much before it is due by its schedule a job may be heard of: clocks are not all alike."""


class Run(NamedTuple):
    """A run that began and has not ended; `told`: that it takes too long is known."""

    began: datetime
    told: bool = False


class Beats(NamedTuple):
    """What is known of a job. Without `anchor` nothing is expected of it yet. `runs` by their rid."""

    anchor: datetime | None = None
    runs: Mapping[str, Run] = {}


class Due(NamedTuple):
    """What goes wrong at the instant `at` unless a ping comes: a run (`rid`) too long, or nothing heard.

    `since` is the instant from which on a ping would have made a difference.
    """

    at: datetime
    since: datetime
    expected: datetime | None
    rid: str | None = None


def next_due(settings: HeartbeatSettings, beats: Beats) -> Due | None:
    """What is to be waited for next; None where nothing is expected."""
    expected = None if beats.anchor is None else settings.next_expected(beats.anchor)
    runs = [
        Due(run.began + settings.run_limit, run.began, expected, rid)
        for rid, run in beats.runs.items()
        if not run.told
    ]
    if expected is None or beats.anchor is None or any(_is_awaited(settings, run, expected) for run in runs):
        return min(runs, default=None, key=lambda due: due.at)
    since = max(beats.anchor, expected - settings.patience)
    missing = Due(expected + settings.patience, since, expected)
    return min([*runs, missing], key=lambda due: due.at)


def passed(settings: HeartbeatSettings, beats: Beats, due: Due) -> Beats:
    """What is known once `due` has passed: each expected run is missed once."""
    if due.rid is None:
        return beats._replace(anchor=due.expected)
    runs = {**beats.runs, due.rid: beats.runs[due.rid]._replace(told=True)}
    was_expected = due.expected is not None and _is_awaited(settings, due, due.expected)
    return Beats(due.expected if was_expected else beats.anchor, runs)


def heard(settings: HeartbeatSettings, beats: Beats, ping: Ping, at: datetime) -> tuple[Beats, int | None]:
    """What is known after a ping, and how long its run took (microseconds), if it ends one that began."""
    if ping.kind is PingKind.LOG:
        return beats, None
    runs = {rid: run for rid, run in beats.runs.items() if rid != ping.run}
    if ping.kind is PingKind.START:
        oldest_first = sorted(runs.items(), key=lambda pair: pair[1].began)
        return beats._replace(runs=dict([*oldest_first, (ping.run, Run(at))][-MAX_OPEN_RUNS:])), None
    begun = beats.runs.get(ping.run)
    took = ping.run_us
    if took is None and begun is not None:
        took = max(0, (at - begun.began) // timedelta(microseconds=1))
    return Beats(_anchor(settings, at), runs), took


def skip_to(settings: HeartbeatSettings, beats: Beats, oldest: datetime) -> Beats:
    """Forget what was due before `oldest`: it is too long ago to be told."""
    due = next_due(settings, beats)
    if due is None or due.at >= oldest:
        return beats
    runs = {
        rid: run._replace(told=True) if run.began + settings.run_limit < oldest else run
        for rid, run in beats.runs.items()
    }
    anchor = beats.anchor and max(beats.anchor, oldest - settings.patience)
    return Beats(anchor, runs)


def pack_runs(beats: Beats) -> dict[str, list[int]]:
    """The runs as they are stored: microseconds since 1970, and whether they were told."""
    return {rid: [to_us(run.began), int(run.told)] for rid, run in beats.runs.items()}


def unpack(anchor: datetime | None, runs: Mapping[str, Any]) -> Beats:
    """What was stored."""
    return Beats(anchor, {rid: Run(from_us(began), bool(told)) for rid, (began, told) in runs.items()})


def _anchor(settings: HeartbeatSettings, at: datetime) -> datetime:
    """A job that is heard of a moment too early is heard of in time."""
    if settings.schedule:
        expected = settings.next_expected(at)
        if expected - at <= EARLY:
            return expected
    return at


def _is_awaited(settings: HeartbeatSettings, run: Due, expected: datetime) -> bool:
    """Whether a run is the one that was expected, be it early or late."""
    return run.since >= expected - settings.patience
