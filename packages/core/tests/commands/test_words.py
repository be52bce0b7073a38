from datetime import UTC, datetime, timedelta

import pytest

from emeter_core.commands.words import ago, latency, length

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s ago"),
        (0, "0 s ago"),
        (4.9, "4 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (3600, "1 h ago"),
        (200_000, "2 d ago"),
    ],
)
def test_how_long_ago(seconds: float, words: str) -> None:
    assert ago(NOON - timedelta(seconds=seconds), NOON) == words


@pytest.mark.parametrize(
    ("microseconds", "words"),
    [
        *((0, "0.0 ms"), (1714, "1.7 ms"), (240_400, "240 ms"), (999_400, "999 ms"), (1_240_000, "1.24 s")),
        *((100_000_000, "100.00 s"), (120_000_000, "2 min"), (7_380_000_000, "2 h 3 min")),
        (2 * 86_400_000_000 + 59_000_000, "2 d"),
    ],
)
def test_latencies(microseconds: int, words: str) -> None:
    assert latency(microseconds) == words


def test_lengths() -> None:
    assert length(timedelta(minutes=90)) == "1 h"
    assert length(timedelta(minutes=90), units=2) == "1 h 30 min"
    assert length(timedelta(hours=1, seconds=59), units=2) == "1 h"
