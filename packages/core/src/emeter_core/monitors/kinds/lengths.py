"""Lengths of time as people type and read them: `90 s`, `5 min`, `1 h 30 min`, `1 d`. Pure."""

import re

_UNITS = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}
# What else people write for the same.
_SPELLINGS = {
    "d": ("days", "day", "d"),
    "h": ("hours", "hour", "hrs", "hr", "h"),
    "min": ("minutes", "minute", "mins", "min", "m"),
    "s": ("seconds", "second", "secs", "sec", "s", ""),
}
_SIZES = {spelling: _UNITS[unit] for unit, spellings in _SPELLINGS.items() for spelling in spellings}
_PART = re.compile(r"\s*([0-9]{1,9})\s*([a-z]*)\s*")
_MAX_TEXT = 40


def read_length(text: str) -> int:
    """Read a length, in seconds; a number alone is one of seconds. Raises ValueError in plain words."""
    rest, total = text.strip().lower()[:_MAX_TEXT], 0
    if not rest:
        raise ValueError("can't be blank")
    while rest:
        part = _PART.match(rest)
        if part is None or part[2] not in _SIZES:
            raise ValueError("must be a length like 90 s, 5 min, 2 h or 1 d")
        total += int(part[1]) * _SIZES[part[2]]
        rest = rest[part.end() :]
    return total


def say_length(seconds: int) -> str:
    """Write a length exactly, so that `read_length` reads the same: `1 d`, `1 h 30 min`, `0 s`."""
    parts = []
    for unit, size in _UNITS.items():
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(f"{number} {unit}")
    return " ".join(parts) or "0 s"
