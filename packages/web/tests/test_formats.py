from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_web import formats

NOW = datetime(2026, 11, 23, 14, 32, 8, tzinfo=UTC)
RATIOS = st.floats(0, 1)
DURATIONS = st.timedeltas(timedelta(0), timedelta(days=20_000))
INSTANTS = st.datetimes(timezones=st.timezones()).filter(lambda then: 1_970 < then.year < 2_200)


def test_a_percentage_is_cut_and_never_rounded_up() -> None:
    assert formats.percent(0.99999) == "99.99%"
    assert formats.percent(0.9985) == "99.85%"
    assert formats.percent(1.0) == "100%"
    assert formats.percent(0.0) == "0.00%"
    assert formats.percent(None) == formats.NONE


@given(RATIOS)
def test_no_percentage_says_more_than_there_was(ratio: float) -> None:
    shown = formats.percent(ratio)

    assert Decimal(shown.removesuffix("%")) <= Decimal(repr(ratio)) * 100
    assert (shown == "100%") == (ratio == 1)


@given(RATIOS)
def test_no_percentage_is_a_hundredth_short(ratio: float) -> None:
    shown = Decimal(formats.percent(ratio).removesuffix("%"))

    assert Decimal(repr(ratio)) * 100 - shown < Decimal("0.01")


@pytest.mark.parametrize(
    ("duration", "told"),
    [
        (timedelta(0), "0 s"),
        (timedelta(milliseconds=480), "0.4 s"),
        (timedelta(seconds=59.9), "59 s"),
        (timedelta(minutes=6, seconds=8), "6 min 8 s"),
        (timedelta(minutes=19), "19 min"),
        (timedelta(hours=2, minutes=6, seconds=59), "2 h 6 min"),
        (timedelta(hours=1, seconds=59), "1 h"),
        (timedelta(days=13, hours=11, minutes=30), "13 d 11 h"),
        (timedelta(days=1_286), "1,286 d"),
        (timedelta(seconds=-5), "0 s"),
        (None, formats.NONE),
    ],
)
def test_a_length_has_two_units_at_most(duration: timedelta | None, told: str) -> None:
    assert formats.length(duration) == told


@given(DURATIONS)
def test_no_length_is_longer_than_the_duration_and_none_is_a_whole_unit_short(duration: timedelta) -> None:
    sizes = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}
    words = formats.length(duration).replace(",", "").split()
    units = words[1::2]
    told = sum(float(figure) * sizes[unit] for figure, unit in zip(words[::2], units, strict=True))
    left = duration.total_seconds() - told

    assert len(units) <= 2
    assert all(
        list(sizes).index(larger) + 1 == list(sizes).index(smaller) for larger, smaller in pairwise(units)
    )
    assert left > -1e-6
    # What is cut is less than the unit below the first.
    assert (
        left
        < (0.1 if duration < timedelta(seconds=1) else {"d": 3_600, "h": 60, "min": 1, "s": 1}[units[0]])
        + 1e-6
    )


@pytest.mark.parametrize(
    ("us", "told"),
    [
        (0, "0 ms"),
        (80, "<1 ms"),
        (600, "1 ms"),
        (171_400, "171 ms"),
        (2_841_000, "2,841 ms"),
        (9_999_400, "9,999 ms"),
        (10_000_000, "10 s"),
        (12_560_000, "12.5 s"),
        (119_999_000, "119.9 s"),
        (120_000_000, "2 min"),
        (7_380_000_000, "2 h 3 min"),
        (None, formats.NONE),
    ],
)
def test_milliseconds_are_whole_and_become_seconds_from_ten_on_and_lengths_from_two_minutes_on(
    us: float | None, told: str
) -> None:
    assert formats.ms(us) == told


def test_a_scale_in_milliseconds_has_no_unit_and_no_idle_digits() -> None:
    assert [formats.plain_ms(us) for us in (0, 800, 50_000, 1_200_000)] == ["0", "0.8", "50", "1,200"]


@pytest.mark.parametrize(
    ("before", "told"),
    [
        (0.4, "just now"),
        (8, "8 s ago"),
        (119, "1 min ago"),
        (7_200, "2 h ago"),
        (200_000, "2 d ago"),
        (-3, "just now"),
    ],
)
def test_how_long_ago_is_one_unit(before: float, told: str) -> None:
    assert formats.ago(NOW - timedelta(seconds=before), NOW) == told


def test_what_has_not_happened_was_never_and_what_will_has_a_time() -> None:
    assert formats.ago(None, NOW) == "never"
    assert formats.until(NOW + timedelta(seconds=52.3), NOW) == "in 52 s"
    assert formats.until(NOW - timedelta(seconds=3), NOW) == "now"
    assert formats.until(None, NOW) == formats.NONE


def test_days_are_near_or_named() -> None:
    assert formats.day(NOW) == "23 Nov"
    assert formats.day(NOW, NOW) == "today"
    assert formats.day(NOW - timedelta(hours=15), NOW) == "yesterday"
    assert formats.day(date(2026, 11, 9), NOW) == "9 Nov"
    assert formats.day(date(2025, 11, 9), NOW) == "9 Nov 2025"
    assert formats.moment(NOW - timedelta(days=14), NOW) == "9 Nov, 14:32"
    assert formats.moment(None, NOW) == formats.NONE
    assert formats.moment_s(NOW - timedelta(seconds=7), NOW) == "today, 14:32:01"


def test_a_moment_there_is_a_day_and_a_time_of_its_zone() -> None:
    late = NOW.replace(hour=23, minute=30)
    assert formats.moment_there(late, late, "Europe/Berlin") == "today, 00:30 CET"
    assert formats.moment_there(late, NOW, "Europe/Berlin") == "24 Nov, 00:30 CET"
    assert formats.moment_there(late, late, "UTC") == "today, 23:30 UTC"


@given(INSTANTS)
def test_every_instant_is_told_in_utc_and_can_be_read_back(then: datetime) -> None:
    assert datetime.fromisoformat(formats.instant(then)) == then.astimezone(UTC).replace(microsecond=0)
    assert formats.clock(then)[:5] == formats.hour(then)
    assert formats.full(then).endswith(f"{formats.clock(then)} UTC")


def test_numbers_have_commas_and_things_their_plural() -> None:
    assert formats.count(1_286) == "1,286"
    assert formats.count(None) == formats.NONE
    assert formats.plural(1, "monitor") == "1 monitor"
    assert formats.plural(0, "monitor") == "0 monitors"
    assert formats.plural(2, "success", "successes") == "2 successes"


def test_sizes_are_told_in_the_unit_that_fits() -> None:
    assert [formats.size(size) for size in (1, 41, 1_024, 1_300, 5 * 1_024 * 1_024, None)] == [
        *("1 byte", "41 bytes", "1 KiB", "1.2 KiB", "5 MiB", formats.NONE),
    ]


def test_a_status_is_a_word_and_a_person_two_letters() -> None:
    assert [formats.word(status) for status in ("up", "no_data")] == ["Up", "No data"]
    assert formats.initials("mara.lindqvist@example.com") == "ML"
    assert formats.initials("mara@example.com") == "MA"
    assert formats.initials("@example.com") == ""


@given(st.text())
def test_any_address_has_initials(email: str) -> None:
    assert len(formats.initials(email)) <= 6
