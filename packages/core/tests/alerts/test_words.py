"""Times and figures as a mail tells them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_core.alerts.words import brief, instant, length, shown_target, shown_url
from emeter_core.monitors import Monitor, draft_monitor

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "in_one", "in_two"),
    [
        (0, "0 s", "0 s"),
        (0.9, "0 s", "0 s"),
        (-5, "0 s", "0 s"),
        (59.9, "59 s", "59 s"),
        (60, "1 min", "1 min"),
        (368, "6 min", "6 min 8 s"),
        (3600, "1 h", "1 h"),
        (7561, "2 h", "2 h 6 min"),
        (86_400 * 13 + 3600 * 11 + 59, "13 d", "13 d 11 h"),
        (86_400 + 60, "1 d", "1 d"),
    ],
)
def test_a_length_is_cut_to_its_largest_units(seconds: float, in_one: str, in_two: str) -> None:
    assert length(timedelta(seconds=seconds), units=1) == in_one
    assert length(timedelta(seconds=seconds)) == in_two


@given(st.timedeltas(min_value=timedelta(), max_value=timedelta(days=100_000)))
def test_a_length_is_never_told_longer_than_it_is(span: timedelta) -> None:
    sizes = {"d": 86_400, "h": 3600, "min": 60, "s": 1}
    words = length(span).split()
    told = sum(int(count) * sizes[unit] for count, unit in zip(words[::2], words[1::2], strict=True))
    assert told <= span.total_seconds()
    assert span.total_seconds() - told < sizes[words[-1]] * 24


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("UTC", "12:00:00 UTC, 23 Nov 2026"),
        ("Europe/Berlin", "13:00:00 CET, 23 Nov 2026"),
        ("Asia/Kolkata", "17:30:00 IST, 23 Nov 2026"),
        ("", "12:00:00 UTC, 23 Nov 2026"),
        ("No/Where", "12:00:00 UTC, 23 Nov 2026"),
        ("/etc/passwd", "12:00:00 UTC, 23 Nov 2026"),
        ("Europe", "12:00:00 UTC, 23 Nov 2026"),
    ],
)
def test_an_instant_is_told_in_its_zone_and_in_utc_where_there_is_no_such_zone(zone: str, told: str) -> None:
    assert instant(NOON, zone) == told


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.com/health", "https://example.com/health"),
        ("https://example.com/?key=hush", "https://example.com/?…"),
        ("https://example.com/a?#hush", "https://example.com/a"),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_a_target_is_shown_without_what_may_be_a_secret(url: str, shown: str) -> None:
    assert shown_url(url) == shown


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        ("", "every 5 min, grace 1 min"),
        ("*/5 * * * *", "by */5 * * * *, Europe/Berlin, grace 1 min"),
    ],
)
def test_a_heartbeat_is_told_by_when_it_is_expected(schedule: str, told: str) -> None:
    settings = {"period": 300, "grace": 60, "schedule": schedule, "time_zone": "Europe/Berlin"}
    draft = draft_monitor(name="Backup", kind="heartbeat", settings=settings)
    assert shown_target(Monitor(kind=draft.kind, target=draft.target)) == told


def test_evidence_in_brief_has_neither_headers_nor_body() -> None:
    seen = brief(
        {
            "url": "https://example.com/",
            "final_url": "https://example.com/login?next=hush",
            "address": "192.0.2.1",
            "code": 503,
            "error": "it\nbroke",
            "headers": [["X", "hush"]],
            "body": "hush",
            "phases": {"dns": 1_000_000, "wait": 1_841_900},
            "certificate": {"subject": "x", "ends_at": "2026-12-24T00:00:00+00:00"},
        }
    )
    assert seen == {
        "Address": "192.0.2.1",
        "Status code": "503",
        "Redirected to": "https://example.com/login?…",
        "Certificate until": "2026-12-24",
        "Took": "2,841 ms",
        "Error": "it broke",
    }


def test_evidence_that_is_empty_is_told_in_no_words() -> None:
    assert brief({}) == {}
    assert brief({"certificate": None, "phases": {}, "code": 0, "address": ""}) == {}


def test_no_line_of_evidence_is_long() -> None:
    assert len(brief({"error": "x" * 5000})["Error"]) == 200
