"""Why a check of a monitor failed, in words: what was seen, and what the monitor expects."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from emeter_core.incidents.cause import cause_in_words
from emeter_core.monitors.kinds import KINDS, KindSettings
from emeter_core.monitors.monitor import Monitor
from emeter_core.outcome import Reason


def cause_of(
    monitor: Monitor | None,
    cause: Reason | str,
    evidence: Mapping[str, Any] | None = None,
    *,
    code: int | None = 0,
) -> str:
    """Say why a check of `monitor` ended so, without a full stop; None stands for one that was deleted.

    `cause` is a reason or its slug. Without evidence the monitor's own target and `code` stand for what was
    seen. What was expected is told as it was at the time, and where nobody noted it, as it is now.
    """
    slug = cause.slug if isinstance(cause, Reason) else cause
    if monitor is None:
        return cause_in_words(slug, evidence or {})
    seen = {name: part for name, part in (evidence or {}).items() if part is not None}
    seen = seen or {"url": monitor.target, "address": _host_of(monitor.target), "code": code}
    if "expected" not in seen:
        seen["expected"] = _expected_now(monitor, slug)
    return cause_in_words(slug, seen)


def expected_by(settings: KindSettings, timeout_seconds: float, reason: Reason) -> dict[str, object]:
    """What a check that failed for `reason` was held against, as its evidence keeps it."""
    return {"timeout": timeout_seconds} if reason is Reason.TIMEOUT else settings.expected(reason)


def _expected_now(monitor: Monitor, slug: str) -> dict[str, object]:
    reason = Reason.__members__.get(slug.upper())
    if reason is None:
        return {}
    # They were valid when they were saved; those that are secret are none that an answer is held against.
    settings = KINDS[monitor.kind].settings.model_construct(**monitor.settings)
    return expected_by(settings, monitor.timeout_seconds, reason)


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
