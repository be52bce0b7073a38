"""Figures and times as a person reads them; pure, and filters of the templates.

Percentages and lengths are cut, never rounded up. What is missing is an en dash.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from zoneinfo import ZoneInfo

from flask import Flask

NONE = "\N{EN DASH}"
_MS_UP_TO = 10_000  # from here on in seconds
_S_UP_TO = 120_000  # milliseconds; from here on as a length
_LENGTHS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_WORDS = {"no_data": "No data"}


def ms(us: float | None) -> str:
    """Write what something took: `2,841 ms`, from 10 s on `12.5 s`, from two minutes on `2 h 3 min`."""
    if us is None:
        return NONE
    if us < 500 and us > 0:  # noqa: PLR2004 - half a millisecond
        return "<1 ms"
    whole = round(us / 1_000)
    if whole < _MS_UP_TO:
        return f"{whole:,} ms"
    if whole < _S_UP_TO:
        return f"{_trim(Decimal(whole) / 1_000, '0.1')} s"
    return length(timedelta(milliseconds=whole))


def plain_ms(us: float) -> str:
    """Write microseconds as milliseconds without the unit, for a scale that names it once."""
    return f"{Decimal(us) / 1_000:,.2f}".rstrip("0").rstrip(".")


def length(duration: timedelta | None) -> str:
    """Write a duration in two units at most, cut: `6 min 8 s`, `13 d 11 h`, `0.4 s`."""
    if duration is None:
        return NONE
    seconds = max(duration.total_seconds(), 0.0)
    if seconds < 1:
        return f"{_trim(Decimal(repr(seconds)), '0.1')} s"
    left = int(seconds)
    for index, (unit, size) in enumerate(_LENGTHS):
        if left >= size:
            second, second_size = _LENGTHS[min(index + 1, len(_LENGTHS) - 1)]
            rest = left % size // second_size if second != unit else 0
            return f"{left // size:,} {unit}" + (f" {rest} {second}" if rest else "")
    return "0 s"


def ago(then: datetime | None, now: datetime) -> str:
    """Say how long ago something was, in one unit: `8 s ago`, `never`."""
    if then is None:
        return "never"
    seconds = int((now - then).total_seconds())
    return f"{_one_unit(seconds)} ago" if seconds >= 1 else "just now"


def until(then: datetime | None, now: datetime) -> str:
    """Say in how long something will be, in one unit: `in 52 s`, `now`."""
    if then is None:
        return NONE
    seconds = int((then - now).total_seconds())
    return f"in {_one_unit(seconds)}" if seconds >= 1 else "now"


def percent(ratio: float | None) -> str:
    """Write a ratio with two decimals, cut; `100%` is only what is whole."""
    if ratio is None:
        return NONE
    if ratio >= 1:
        return "100%"
    cut = (Decimal(repr(max(float(ratio), 0.0))) * 100).quantize(Decimal("0.01"), rounding=ROUND_DOWN)
    return f"{cut}%"


def count(number: float | None) -> str:
    """Write a whole number with commas: `1,286`."""
    return NONE if number is None else f"{int(number):,}"


def plural(number: int, one: str, many: str = "") -> str:
    """Count things: `1 monitor`, `1,286 monitors`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def size(number: int | None) -> str:
    """Write a number of bytes: `41 bytes`, `1.2 KiB`."""
    if number is None:
        return NONE
    if number < 1024:  # noqa: PLR2004 - a KiB
        return plural(number, "byte")
    value, unit = Decimal(number) / 1024, "KiB"
    if value >= 1024:  # noqa: PLR2004 - a MiB
        value, unit = value / 1024, "MiB"
    return f"{_trim(value, '0.1')} {unit}"


def clock(then: datetime | None) -> str:
    """Write the time of day with seconds: `14:32:00`."""
    return NONE if then is None else then.astimezone(UTC).strftime("%H:%M:%S")


def hour(then: datetime | None) -> str:
    """Write the time of day: `14:32`."""
    return NONE if then is None else then.astimezone(UTC).strftime("%H:%M")


def day(then: datetime | date | None, now: datetime | date | None = None) -> str:
    """Write a day: `9 Nov`; against `now` also `today`, `yesterday`, and the year where it is another."""
    if then is None:
        return NONE
    on = _date(then)
    if now is not None:
        near = {_date(now): "today", _date(now) - timedelta(days=1): "yesterday"}.get(on)
        if near or on.year != _date(now).year:
            return near or f"{on.day} {on:%b %Y}"
    return f"{on.day} {on:%b}"


def moment(then: datetime | None, now: datetime) -> str:
    """Write a day and a time: `today, 14:26`, `9 Nov, 10:27`."""
    return NONE if then is None else f"{day(then, now)}, {hour(then)}"


def moment_s(then: datetime | None, now: datetime) -> str:
    """Write a day and a time with seconds: `today, 14:26:08`."""
    return NONE if then is None else f"{day(then, now)}, {clock(then)}"


def moment_there(then: datetime, now: datetime, zone: str) -> str:
    """Write a day and a time as clocks in `zone`, a time zone of IANA, show them: `today, 03:00 CEST`."""
    there = ZoneInfo(zone)
    at, today = then.astimezone(there), now.astimezone(there).date()
    return f"{day(at.date(), today)}, {at:%H:%M %Z}"


def instant(then: datetime | None) -> str:
    """Write an instant for machines, to the second: `2026-11-23T14:32:00Z`."""
    return "" if then is None else then.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def full(then: datetime | None) -> str:
    """Write an instant in full, for titles: `Mon 23 Nov 2026, 14:32:00 UTC`."""
    if then is None:
        return NONE
    at = then.astimezone(UTC)
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M:%S} UTC"


def word(status: str) -> str:
    """Write a status: `Up`, `No data`."""
    return _WORDS.get(status, status.capitalize())


def initials(email: str) -> str:
    """Two letters for a person's avatar: `ML` for mara.lindqvist@example.com."""
    parts = [part for part in email.partition("@")[0].replace("_", ".").replace("-", ".").split(".") if part]
    letters = parts[0][0] + parts[1][0] if len(parts) > 1 else "".join(parts)[:2]
    return letters.upper()


def register(app: Flask) -> None:
    """Make them filters."""
    for filter_ in (
        ms,
        plain_ms,
        length,
        ago,
        until,
        percent,
        count,
        plural,
        size,
        clock,
        hour,
        day,
        moment,
        moment_s,
        moment_there,
        instant,
        full,
        word,
        initials,
    ):
        app.jinja_env.filters[filter_.__name__] = filter_


def _trim(value: Decimal, step: str) -> str:
    cut = value.quantize(Decimal(step), rounding=ROUND_DOWN)
    return f"{cut:,}".removesuffix(".0")


def _one_unit(seconds: int) -> str:
    unit, unit_s = next(pair for pair in _LENGTHS if seconds >= pair[1])
    return f"{seconds // unit_s:,} {unit}"


def _date(then: datetime | date) -> date:
    return then.astimezone(UTC).date() if isinstance(then, datetime) else then
