"""Why a check failed, in a phrase: `503 instead of 200–299`, `Connection refused by 192.0.2.71:80`. Pure."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from emeter_core.incidents import cause_in_words
from emeter_core.monitors import Monitor
from emeter_core.monitors.kinds import KINDS
from emeter_core.outcome import Reason

_SHOWN = 60


def cause_of(
    monitor: Monitor, reason: Reason, code: int | None = 0, evidence: Mapping[str, Any] | None = None
) -> str:
    """Say why a check of this monitor ended so, without a full stop.

    Without evidence the monitor's own target stands for what was dialled.
    """
    tell = _EXPECTED.get(reason)
    told = tell(monitor, code or 0) if tell is not None else ""
    return told or cause_in_words(reason.slug, evidence or _target(monitor, code or 0))


def codes(expected: str) -> str:
    """Write a set of codes for people: `200–299, 301`."""
    return expected.replace("-", "\N{EN DASH}").replace(",", ", ")


def host_of(url: str) -> str:
    """The host of a URL; empty where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _target(monitor: Monitor, code: int) -> dict[str, Any]:
    """What is known without evidence."""
    return {"url": monitor.target, "address": host_of(monitor.target), "code": code}


def _unexpected(monitor: Monitor, code: int) -> str:
    return f"{code} instead of {codes(_setting(monitor, 'expected_codes'))}" if code else ""


def _late(monitor: Monitor, _code: int) -> str:
    return f"No complete answer within {monitor.timeout_seconds} s"


def _missing(monitor: Monitor, _code: int) -> str:
    return f"The answer does not contain {_quoted(_setting(monitor, 'keyword'))}"


def _present(monitor: Monitor, _code: int) -> str:
    return f"The answer contains {_quoted(_setting(monitor, 'keyword'))}"


# Where what was expected says more than what was seen.
_EXPECTED: dict[Reason, Callable[[Monitor, int], str]] = {
    Reason.TIMEOUT: _late,
    Reason.UNEXPECTED_CODE: _unexpected,
    Reason.KEYWORD_MISSING: _missing,
    Reason.KEYWORD_PRESENT: _present,
}


def _quoted(text: str) -> str:
    cut = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return f"\N{LEFT DOUBLE QUOTATION MARK}{cut}\N{RIGHT DOUBLE QUOTATION MARK}"


def _setting(monitor: Monitor, name: str) -> str:
    """An open setting as text; what is not stored has its default."""
    field = KINDS[monitor.kind].settings.model_fields.get(name)
    return str(monitor.settings.get(name, field.default if field is not None else ""))
