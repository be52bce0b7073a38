"""Lengths of time that go on, in words that a script keeps true."""

from datetime import UTC, datetime, timedelta

import pytest

from emeter_web.shown.times import lasted, lasting, lasting_about

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("took", "exact", "about"),
    [
        (timedelta(minutes=6, seconds=8), "6 min 8 s", "6 min"),
        (timedelta(seconds=59), "59 s", "59 s"),
        (timedelta(hours=2, minutes=6, seconds=9), "2 h 6 min", "2 h 6 min"),
        (timedelta(seconds=1), "1 s", "1 s"),
        (timedelta(milliseconds=999), "just now", "just now"),
        (timedelta(days=-1), "just now", "just now"),
    ],
)
def test_a_list_leaves_out_seconds_beside_minutes(took: timedelta, exact: str, about: str) -> None:
    assert lasting(NOON, NOON + took).striptags() == exact
    assert lasting_about(NOON, NOON + took).striptags() == about


def test_the_script_finds_when_it_began() -> None:
    told = lasting_about(NOON, NOON + timedelta(minutes=6))
    assert 'datetime="2026-11-23T12:00:00Z"' in told
    assert 'data-for="min"' in told


def test_what_is_over_has_an_end() -> None:
    assert lasted(NOON, None, NOON + timedelta(seconds=9)).striptags() == "Open for 9 s"
    assert lasted(NOON, None, NOON).striptags() == "Open just now"
    assert lasted(NOON, NOON + timedelta(minutes=9), NOON + timedelta(days=9)) == "Closed after 9 min"
