"""What is expected of a job, as a pure function of what was heard: against a plain reading of the rules."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from emeter_core.monitors.heartbeat.beats import (
    EARLY,
    MAX_OPEN_RUNS,
    Beats,
    Run,
    heard,
    next_due,
    pack_runs,
    passed,
    skip_to,
    unpack,
)
from emeter_core.monitors.heartbeat.ping import Ping, PingKind
from emeter_core.monitors.kinds.heartbeat import HeartbeatSettings

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SETTINGS = HeartbeatSettings(period=300, grace=60)

moments = st.integers(0, 100_000).map(lambda seconds: NOON + seconds * SECOND)
runs = st.dictionaries(st.sampled_from(["", "a", "b"]), st.builds(Run, moments, st.booleans()), max_size=3)
beats = st.builds(Beats, st.none() | moments, runs)
settings_of = st.builds(
    HeartbeatSettings,
    period=st.integers(60, 5000),
    grace=st.integers(60, 5000),
    longest_run=st.sampled_from([0, 60, 700]),
    schedule=st.sampled_from(["", "", "*/7 * * * *", "0 3 * * *"]),
)


def test_nothing_is_expected_before_the_first_ping() -> None:
    assert next_due(SETTINGS, Beats()) is None
    assert next_due(SETTINGS, Beats(runs={"": Run(NOON, told=True)})) is None


def test_a_first_run_that_began_must_end() -> None:
    began, _ = heard(SETTINGS, Beats(), Ping(PingKind.START), NOON)
    due = next_due(SETTINGS, began)
    assert (due.at, due.rid) == (NOON + 60 * SECOND, "")


@given(settings_of, beats)
def test_time_goes_on_with_everything_that_passes(settings: HeartbeatSettings, known: Beats) -> None:
    """No run is told twice, no instant expected twice, and there is an end to runs."""
    told, expected = set(), set()
    for _ in range(12):
        due = next_due(settings, known)
        if due is None:
            assert known.anchor is None
            return
        key = (due.rid, due.since) if due.rid is not None else due.expected
        seen = told if due.rid is not None else expected
        assert key not in seen
        seen.add(key)
        assert due.since <= due.at
        known = passed(settings, known, due)
    assert all(run.told for run in known.runs.values()) or len(told) < 3


@given(settings_of, beats, moments)
def test_a_success_puts_off_whatever_was_due_of_the_schedule(
    settings: HeartbeatSettings, known: Beats, at: datetime
) -> None:
    after, _ = heard(settings, known, Ping(PingKind.SUCCESS), at)
    assert after.anchor is not None
    assert at <= after.anchor <= at + EARLY
    alone = next_due(settings, after._replace(runs={}))
    assert alone is not None
    assert alone.at > at + settings.patience


@given(settings_of, beats, moments, st.sampled_from(["", "a", "c"]))
def test_a_run_takes_as_long_as_from_its_start_to_its_end(
    settings: HeartbeatSettings, known: Beats, at: datetime, rid: str
) -> None:
    named = rid or None
    start, end = (Ping(kind, rid=named) for kind in (PingKind.START, PingKind.SUCCESS))  # type: ignore[arg-type]
    begun, _ = heard(settings, known, start, at)
    after, took = heard(settings, begun, end, at + 7 * SECOND)
    assert took == 7_000_000
    assert rid not in after.runs
    assert {name for name in known.runs if name != rid} == set(after.runs)


@given(settings_of, beats, moments)
def test_a_log_line_changes_nothing(settings: HeartbeatSettings, known: Beats, at: datetime) -> None:
    assert heard(settings, known, Ping(PingKind.LOG), at) == (known, None)


@given(beats)
def test_what_is_stored_is_what_was_known(known: Beats) -> None:
    assert unpack(known.anchor, pack_runs(known)) == known


@given(settings_of, beats, moments)
def test_what_is_skipped_is_older_than_the_limit(
    settings: HeartbeatSettings, known: Beats, oldest: datetime
) -> None:
    before = next_due(settings, known)
    after = next_due(settings, skip_to(settings, known, oldest))
    if before is None or before.at >= oldest:
        assert after == before
    else:
        assert after is None or after.at >= oldest


def test_a_hundred_starts_without_an_end_are_not_all_remembered() -> None:
    known = Beats()
    for second in range(100):
        known, _ = heard(SETTINGS, known, Ping(PingKind.START, rid=second), NOON + second * SECOND)  # type: ignore[arg-type]
    assert len(known.runs) == MAX_OPEN_RUNS
    assert min(run.began for run in known.runs.values()) == NOON + 80 * SECOND


def test_a_job_whose_clock_is_a_moment_fast_is_heard_of_in_time() -> None:
    settings = HeartbeatSettings(schedule="0 13 * * *", grace=60)
    known, _ = heard(settings, Beats(), Ping(PingKind.SUCCESS), NOON + timedelta(minutes=59, seconds=55))
    assert settings.next_expected(known.anchor) == NOON + timedelta(hours=25)
    known, _ = heard(settings, Beats(), Ping(PingKind.SUCCESS), NOON + timedelta(minutes=59, seconds=45))
    assert settings.next_expected(known.anchor) == NOON + timedelta(hours=1)
