"""What a person wants watched, checked before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from annotated_types import Ge, Le
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from emeter_core.characters import has_controls
from emeter_core.errors import Invalid
from emeter_core.monitors.kinds import DEFAULT, KINDS, Kind, KindSettings

MIN_INTERVAL, MAX_INTERVAL = 5, 86_400
MAX_TIMEOUT = 60
MAX_THRESHOLD = 20
MAX_NAME = 120
DEFAULT_INTERVAL, DEFAULT_TIMEOUT = 60, 10
DEFAULT_DOWN_AFTER, DEFAULT_UP_AFTER = 3, 2

# Pydantic's types of errors, in the words of the other fields.
_OUT_OF_RANGE = frozenset({"greater_than_equal", "less_than_equal", "int_parsing_size"})
_WORDS = {
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "string_unicode": "must be text",
    "enum": "must be {expected}",
    "string_too_long": "should be at most {max_length:,} character(s)",
    "too_long": "should have at most {max_length:,} item(s)",
    "extra_forbidden": "is unknown to the kind {kind}",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A monitor as it would be: every field valid. Times in seconds."""

    name: str
    kind: str
    target: str
    interval: int
    timeout: int
    down_after: int
    up_after: int
    settings: KindSettings


def draft_monitor(
    *,
    target: str = "",
    name: str = "",
    kind: str = DEFAULT,
    interval: int = DEFAULT_INTERVAL,
    timeout: int | None = None,
    down_after: int | None = None,
    up_after: int | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Draft:
    """Check what was typed. Without a name the target's host gives it; without a timeout it is 10 s, or the
    interval where that is shorter; without thresholds those of the kind count.

    Raises Invalid with all that is wrong, field by field.
    """  # noqa: D205 - sentences of what stands in for what
    errors: dict[str, list[str]] = {}
    known = KINDS.get(kind)
    if known is None:
        raise Invalid({"kind": [f"{kind!r} is unknown: there is {', '.join(KINDS)}"]})
    seconds = _read_times(interval, timeout, errors)
    down_after = known.down_after if down_after is None else down_after
    up_after = known.up_after if up_after is None else up_after
    _check_range(errors, "down_after", down_after, 1, MAX_THRESHOLD, "")
    _check_range(errors, "up_after", up_after, 1, MAX_THRESHOLD, "")
    clean = _clean_target(known, target, errors)
    title = _read_name(name, clean, errors, is_needed=not known.is_polled)
    chosen = _read_settings(known, settings or {}, errors)
    if errors or chosen is None:
        raise Invalid(errors)
    own = chosen.interval()
    if own is not None:
        interval = min(max(own, MIN_INTERVAL), MAX_INTERVAL)
    clean = chosen.shown_target(clean)
    return Draft(title, kind, clean, interval, seconds, down_after, up_after, chosen)


def _read_times(interval: int, timeout: int | None, errors: dict[str, list[str]]) -> int:
    """Check interval and timeout; returns the timeout."""
    _check_range(errors, "interval", interval, MIN_INTERVAL, MAX_INTERVAL, " seconds")
    if timeout is None:
        return DEFAULT_TIMEOUT if "interval" in errors else min(DEFAULT_TIMEOUT, interval)
    _check_range(errors, "timeout", timeout, 1, MAX_TIMEOUT, " seconds")
    if not errors and timeout > interval:
        errors["timeout"] = [f"must not be longer than the interval ({interval} seconds)"]
    return timeout


def _check_range(
    errors: dict[str, list[str]], field: str, value: int, low: int, high: int, unit: str
) -> None:
    # From JSON anything may come; True is an int to Python, and no number to PostgreSQL.
    if type(value) is not int or not low <= value <= high:
        errors[field] = [f"must be from {low} to {high:,}{unit}"]


def _read_name(name: str, target: str, errors: dict[str, list[str]], *, is_needed: bool) -> str:
    title = " ".join(name.split())
    if not title and is_needed:
        errors["name"] = ["can't be blank"]
    if not title:
        return (urlsplit(target).hostname or "")[:MAX_NAME]
    if len(title) > MAX_NAME:
        errors["name"] = [f"should be at most {MAX_NAME} character(s)"]
    elif has_controls(title):
        errors["name"] = ["must not hold control characters"]
    return title


def _clean_target(kind: Kind, target: str, errors: dict[str, list[str]]) -> str:
    if not target.strip() and kind.is_polled:
        errors["url"] = ["can't be blank"]
        return ""
    try:
        return kind.clean_target(target)
    except ValueError as error:
        errors["url"] = [str(error)]
        return ""


def _read_settings(
    kind: Kind, settings: Mapping[str, Any], errors: dict[str, list[str]]
) -> KindSettings | None:
    try:
        return kind.settings.model_validate(settings)
    except ValidationError as error:
        for problem in error.errors():
            field = str(problem["loc"][0]) if problem["loc"] else "settings"
            errors.setdefault(field, []).append(_plain(problem, kind, field))
        return None


def _plain(problem: ErrorDetails, kind: Kind, field: str) -> str:
    """What Pydantic found wrong, in words for people."""
    if problem["type"] in _OUT_OF_RANGE:
        return _plain_range(kind.settings.model_fields.get(field))
    words = _WORDS.get(problem["type"])
    if words is None:
        return problem["msg"].removeprefix("Value error, ")
    return words.format(kind=kind.name, **problem.get("ctx", {})).replace("'", "")


def _plain_range(field: FieldInfo | None) -> str:
    bounds = field.metadata if field is not None else []
    low = next((bound.ge for bound in bounds if isinstance(bound, Ge)), None)
    high = next((bound.le for bound in bounds if isinstance(bound, Le)), None)
    return "is out of range" if low is None or high is None else f"must be from {low} to {high:,}"
