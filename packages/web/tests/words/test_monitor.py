"""One monitor in a sentence."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_core.monitors import Monitor, MonitorRow, Status
from emeter_core.outcome import Condition, Reason
from emeter_web.words.monitor import age, is_well, is_wrong, why

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def row(condition: str = "up", *, paused: bool = False, kind: str = "http", **known: object) -> MonitorRow:
    monitor = Monitor(
        kind=kind,
        target="https://example.com/",
        timeout_seconds=10,
        settings={},
        condition=condition,
        condition_since=NOW - timedelta(minutes=6, seconds=8),
        paused_at=NOW - timedelta(hours=2) if paused else None,
        down_after=3,
        up_after=2,
    )
    values: dict[str, object] = {
        "last_slot": NOW - timedelta(seconds=8),
        "last_total_us": 163_000,
        "last_reason": Reason.OK,
        "last_code": 200,
        "certificate_ends_at": None,
        "next_slot": None,
        "failures": 0,
        "incident": None,
    }
    return MonitorRow(monitor=monitor, **(values | known))  # type: ignore[arg-type]


FAILED = {"last_reason": Reason.UNEXPECTED_CODE, "last_code": 503}


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (row(), "200 in 163 ms, checked 8 s ago."),
        (row(last_slot=None, last_total_us=None), "Not checked yet."),
        (row(last_total_us=None), "The last check was 8 s ago."),
        (row(failures=1, **FAILED), "The last check failed: 503 instead of 200–299. Down after 3."),
        (row(failures=2, **FAILED), "The last 2 checks failed: 503 instead of 200–299. Down after 3."),
        (row("down", failures=9, **FAILED), "503 instead of 200–299, 9 checks in a row."),
        (
            row("down", kind="heartbeat", failures=6, last_reason=Reason.RUN_FAILED, last_code=0),
            "The job reported a failure, 6 runs in a row.",
        ),
        (row("down", failures=1, **FAILED), "503 instead of 200–299."),
        (row("down"), "The last check was well, up again after 2."),
        (row("down", last_reason=None), "The cause is not known."),
        (row("degraded"), "Answered in 163 ms."),
        (row("pending"), "The first check is on its way."),
        (row("no_data"), "The last check was 8 s ago. This is not counted as down."),
        (
            row("no_data", last_slot=None),
            "Nobody has checked it yet. This is not counted as down.",
        ),
        (
            row("no_data", last_reason=Reason.NETWORK_UNAVAILABLE),
            "Our own network is not available. This is not counted as down.",
        ),
        (
            row("blocked", last_reason=Reason.ADDRESS_BLOCKED),
            "The address is not allowed as a target. This is not counted as down.",
        ),
        (row(paused=True), "It is not checked until somebody resumes it."),
    ],
)
def test_a_monitor_says_why_it_is_what_it_is(shown: MonitorRow, told: str) -> None:
    assert why(shown, now=NOW) == told


def test_what_is_unknown_is_explained_as_trouble_is() -> None:
    assert [status.value for status in Status if is_wrong(status)] == [
        *("degraded", "down", "blocked", "no_data", "unreachable")
    ]


def test_a_monitor_is_well_while_it_is_up_and_nothing_fails() -> None:
    assert is_well(row())
    assert not is_well(row(failures=1))
    assert not is_well(row("down"))
    assert not is_well(row(last_total_us=None))


@pytest.mark.parametrize(
    ("days", "told"), [(0, ""), (1, "1 day"), (59, "59 days"), (60, "2 months"), (300, "10 months")]
)
def test_history_is_told_in_days_or_months(days: int, told: str) -> None:
    assert age(NOW - timedelta(days=days, hours=1), NOW) == told


@given(
    st.sampled_from(Condition),
    st.sampled_from([None, *Reason]),
    st.integers(0, 99),
    st.one_of(st.none(), st.integers(0, 10**8)),
    st.booleans(),
)
def test_there_is_always_something_to_say(
    condition: Condition,
    reason: Reason | None,
    failures: int,
    total_us: int | None,
    paused: bool,  # noqa: FBT001
) -> None:
    shown = row(condition, paused=paused, last_reason=reason, failures=failures, last_total_us=total_us)
    told = why(shown, now=NOW)
    assert told.endswith(".")
    assert "None" not in told
    assert ".." not in told
