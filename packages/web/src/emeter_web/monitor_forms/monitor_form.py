"""The form of a monitor: what a person typed, as text; the domain says what is wrong with it."""

from collections.abc import Mapping
from typing import Any, Self

from flask import request
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types

from emeter_core.monitors import Monitor
from emeter_core.monitors.draft import DEFAULT_DOWN_AFTER, DEFAULT_INTERVAL, DEFAULT_UP_AFTER
from emeter_core.monitors.kinds import KindSettings
from emeter_core.monitors.kinds.http import HttpSettings, IpFamily, Method
from emeter_web.forms import sentence
from emeter_web.monitor_forms.fields import FlagField

_DEFAULTS = HttpSettings()
_FAMILIES = ((IpFamily.ANY, "Either"), (IpFamily.IPV4, "IPv4 only"), (IpFamily.IPV6, "IPv6 only"))


class MonitorForm(FlaskForm):  # type: ignore[misc]  # it ships no types
    """Fields are named as the domain names them, times are in seconds, sizes in bytes.

    A field that a request leaves out stays as it is: the default for a new monitor, the present value for one
    that is there. `headers` and `body` are never shown again: what is kept of them is in `kept_headers`.
    """

    kind = StringField("Kind", default="http")
    url = StringField("URL")
    name = StringField("Name")
    method = SelectField(
        "Method",
        choices=[SelectChoice(each.value, each.value) for each in Method],
        default=_DEFAULTS.method.value,
    )
    expected_codes = StringField("Good answers", default=_DEFAULTS.expected_codes)
    keyword = StringField("Body contains")
    keyword_absent = FlagField("It must not contain it instead", default=False)
    interval = StringField("Interval", default=str(DEFAULT_INTERVAL))
    timeout = StringField("Timeout")
    down_after = StringField("Down after", default=str(DEFAULT_DOWN_AFTER))
    up_after = StringField("Up again after", default=str(DEFAULT_UP_AFTER))
    headers = TextAreaField("Headers")
    forget_headers = FlagField("Send no headers any more", default=False)
    body = TextAreaField("Body")
    forget_body = FlagField("Send no body any more", default=False)
    max_redirects = StringField("Redirects followed", default=str(_DEFAULTS.max_redirects))
    body_cap = StringField("Most bytes of a body", default=str(_DEFAULTS.body_cap))
    ip_family = SelectField(
        "Addresses",
        choices=[SelectChoice(each.value, word) for each, word in _FAMILIES],
        default=IpFamily.ANY.value,
    )
    verify_tls = FlagField("The certificate must be good", default=True)
    trial = HiddenField()
    # That the page had secrets to keep, so that they are missed where the trial they were in is gone.
    secrets_kept = FlagField(default=False)

    class Meta:
        """The router checks the token of every request; the form has none of its own."""

        csrf = False

    kept_headers: tuple[str, ...] = ()
    """The names of the headers that stay if no others are typed."""
    kept_body = False
    """Whether there is a body that stays if no other is typed."""

    @classmethod
    def showing(cls, values: Mapping[str, Any]) -> Self:
        """The form as a page shows it first."""
        return cls(formdata=None, data=values)

    @classmethod
    def submitted(cls, values: Mapping[str, Any]) -> Self:
        """The form as this request sent it, over `values`."""
        return cls(formdata=request.form, data=values)

    def keep(self, settings: KindSettings | None) -> None:
        """Tell of the secrets in `settings` without showing them."""
        if isinstance(settings, HttpSettings):
            self.kept_headers = tuple(name for name, _ in settings.headers)
            self.kept_body = bool(settings.body)
        self.secrets_kept.data = bool(self.kept_headers or self.kept_body)

    def tell(self, errors: Mapping[str, list[str]]) -> None:
        """Put what is wrong at its fields; what belongs to none is told at the URL.

        Secrets that were typed are not sent back, and their fields say so.
        """
        for name, messages in errors.items():
            field = self._fields.get("body" if name == "settings" else name, self.url)
            field.errors = [*field.errors, *(_told(name, message) for message in messages)]
        for field in (self.headers, self.body):
            if (field.data or "").strip():
                field.data = ""
                field.errors = [*field.errors, "Type it again: what may be secret is not sent back."]


def values_of(monitor: Monitor, settings: KindSettings) -> dict[str, Any]:
    """What the form shows of a monitor."""
    return {
        "kind": monitor.kind,
        "url": monitor.target,
        "name": monitor.name,
        "interval": str(monitor.interval_seconds),
        "timeout": str(monitor.timeout_seconds),
        "down_after": str(monitor.down_after),
        "up_after": str(monitor.up_after),
        **open_values(settings),
    }


def open_values(settings: KindSettings) -> dict[str, Any]:
    """What the form shows of the settings: all but the secrets, numbers as text."""
    shown = settings.model_dump(mode="json", exclude=set(settings.secret_fields))
    return {name: str(value) if type(value) is int else value for name, value in shown.items()}


def _told(field: str, message: str) -> str:
    return sentence(f"this trial {message}" if field == "trial" else message)
