"""The form of the `http` kind: how is asked, and what a good answer is."""

import re
from typing import Any, ClassVar

from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types

from emeter_core.monitors.kinds import KindSettings
from emeter_core.monitors.kinds.http import HttpSettings, Method
from emeter_web.monitor_forms.fields import FlagField, family_field
from emeter_web.monitor_forms.monitor_form import Card, Errors, MonitorForm

_DEFAULTS = HttpSettings()


class HttpForm(MonitorForm):
    """Headers and body are secrets."""

    card = Card("http", "HTTP", "status, text", "globe")
    texts = ("method", "expected_codes", "ip_family")
    literals = ("keyword",)
    numbers = ("max_redirects", "body_cap")
    flags = ("keyword_absent", "verify_tls")
    secrets = ("headers", "body")
    settings_at: ClassVar[str] = "body"

    method = SelectField(
        "Method",
        choices=[SelectChoice(each.value, each.value) for each in Method],
        default=_DEFAULTS.method.value,
    )
    expected_codes = StringField("Good answers", default=_DEFAULTS.expected_codes)
    keyword = StringField("Body contains")
    keyword_absent = FlagField("It must not contain it instead", default=False)
    headers = TextAreaField("Headers")
    forget_headers = FlagField("Send no headers any more", default=False)
    body = TextAreaField("Body")
    forget_body = FlagField("Send no body any more", default=False)
    max_redirects = StringField("Redirects followed", default=str(_DEFAULTS.max_redirects))
    body_cap = StringField("Most bytes of a body", default=str(_DEFAULTS.body_cap))
    ip_family = family_field()
    verify_tls = FlagField("The certificate must be good", default=_DEFAULTS.verify_tls)

    def told_of(self, settings: HttpSettings) -> dict[str, str]:
        """Headers by their names."""
        told = {"headers": ", ".join(name for name, _ in settings.headers)}
        return {name: text for name, text in (told | {"body": settings.body and "a body"}).items() if text}

    def read_secrets(self, kept: KindSettings, errors: Errors) -> dict[str, Any]:
        """Headers are typed one a line."""
        typed = self.typed("headers")
        headers = _pairs(typed, errors) if typed else self.kept_value("headers", kept, ())
        return {"headers": headers, "body": self.body.data or self.kept_value("body", kept, "")}


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
