"""From the form of a monitor to a draft: text into numbers and pairs, the rest is the domain's to judge."""

import re
from typing import Any

from emeter_core.errors import Invalid
from emeter_core.monitors import Draft, draft_monitor
from emeter_core.monitors.kinds import KindSettings
from emeter_core.monitors.kinds.http import HttpSettings
from emeter_web.monitor_forms.monitor_form import MonitorForm

_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")
_TIMES = ("interval", "timeout", "down_after", "up_after")
_NUMBERS = ("max_redirects", "body_cap")
_TEXTS = ("method", "expected_codes", "ip_family")
_GONE = "type them again: they were kept for ten minutes only"

Errors = dict[str, list[str]]


def read_draft(form: MonitorForm, kept: KindSettings | None) -> Draft:
    """Check what was typed; `kept` has the secrets that stay where no others were typed.

    Raises Invalid with all that is wrong, field by field.
    """
    errors: Errors = {}
    times = _numbers(form, _TIMES, errors)
    settings = _settings(form, errors) | _secrets(form, kept, errors)
    try:
        draft = draft_monitor(
            target=form.url.data or "",
            name=form.name.data or "",
            kind=(form.kind.data or "http")[:20],
            settings=settings,
            **times,
        )
    except Invalid as invalid:
        raise Invalid({**invalid.fields, **errors}) from None
    if errors:
        raise Invalid(errors)
    return draft


def _settings(form: MonitorForm, errors: Errors) -> dict[str, Any]:
    """What lies open. What was left empty is not mentioned, so that its default is taken."""
    texts = {name: form[name].data.strip() for name in _TEXTS if (form[name].data or "").strip()}
    flags = {name: bool(form[name].data) for name in ("keyword_absent", "verify_tls")}
    return {**texts, **flags, **_numbers(form, _NUMBERS, errors), "keyword": form.keyword.data or ""}


def _numbers(form: MonitorForm, names: tuple[str, ...], errors: Errors) -> dict[str, int]:
    numbers = {}
    for name in names:
        text = (form[name].data or "").strip()
        if _NUMBER.fullmatch(text):
            numbers[name] = int(text)
        elif text:
            errors[name] = ["must be a whole number"]
    return numbers


def _secrets(form: MonitorForm, kept: KindSettings | None, errors: Errors) -> dict[str, Any]:
    """Headers and body: what was typed, else what is kept, unless it shall be forgotten."""
    before = kept if isinstance(kept, HttpSettings) else HttpSettings()
    if kept is None and form.secrets_kept.data and not (form.headers.data or form.body.data):
        errors["headers"] = [_GONE]
    headers = before.headers if not form.forget_headers.data else ()
    if typed := (form.headers.data or "").strip():
        headers = _pairs(typed, errors)
    body = form.body.data or ("" if form.forget_body.data else before.body)
    return {"headers": headers, "body": body}


def _pairs(text: str, errors: Errors) -> tuple[tuple[str, str], ...]:
    """Read `Name: value`, one a line; what is wrong is told by its number, for it may be a secret."""
    pairs = []
    lines = [line for line in re.split(r"\r\n|\r|\n", text) if line.strip()]
    for number, line in enumerate(lines, 1):
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            errors["headers"] = [f"line {number} is no header: write it as Name: value"]
            return ()
        pairs.append((name.strip(), value.strip()))
    return tuple(pairs)
