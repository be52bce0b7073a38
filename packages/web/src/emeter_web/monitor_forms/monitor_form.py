"""The form of a monitor: what a person typed, as text; the domain says what is wrong with it."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, Self

from flask import request
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField

from emeter_core.monitors import Monitor
from emeter_core.monitors.draft import DEFAULT_DOWN_AFTER, DEFAULT_INTERVAL, DEFAULT_UP_AFTER
from emeter_core.monitors.kinds import KINDS, KindSettings
from emeter_web.forms import sentence
from emeter_web.monitor_forms.fields import FlagField

Errors = dict[str, list[str]]

_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")
_GONE = "type them again: they were kept for ten minutes only"


class Card(NamedTuple):
    """A kind as one chooses it: its name, what it is called, what it is good for, and an icon."""

    kind: str
    word: str
    small: str
    icon: str


class MonitorForm(FlaskForm):  # type: ignore[misc]  # it ships no types
    """What the forms of all kinds have in common; a kind's own has its fields, named as its settings are.

    Times are in seconds, sizes in bytes. A field that a request leaves out stays as it is: the default for a
    new monitor, the present value for one that is there. Secrets are never shown again: what is kept of them
    is in `kept`.
    """

    card: ClassVar[Card]
    texts: ClassVar[tuple[str, ...]] = ()
    """Settings that are read without the spaces around them."""
    literals: ClassVar[tuple[str, ...]] = ()
    """Settings that are taken as they were typed."""
    numbers: ClassVar[tuple[str, ...]] = ()
    flags: ClassVar[tuple[str, ...]] = ()
    secrets: ClassVar[tuple[str, ...]] = ()
    """Settings that are not shown again; for each there is a field `forget_…` too."""
    settings_at: ClassVar[str] = "url"
    """The field at which is told what is wrong with the settings as a whole."""

    kind = StringField("Kind")
    url = StringField("URL")
    name = StringField("Name")
    interval = StringField("Interval", default=str(DEFAULT_INTERVAL))
    timeout = StringField("Timeout")
    down_after = StringField("Down after", default=str(DEFAULT_DOWN_AFTER))
    up_after = StringField("Up again after", default=str(DEFAULT_UP_AFTER))
    trial = HiddenField()
    # That the page had secrets to keep, so that they are missed where the trial they were in is gone.
    secrets_kept = FlagField(default=False)

    class Meta:
        """The router checks the token of every request; the form has none of its own."""

        csrf = False

    @classmethod
    def showing(cls, values: Mapping[str, Any]) -> Self:
        """The form as a page shows it first."""
        return cls(formdata=None, data={"kind": cls.card.kind, **cls.in_words(values)})

    @classmethod
    def submitted(cls, values: Mapping[str, Any]) -> Self:
        """The form as this request sent it, over `values`."""
        return cls(formdata=request.form, data={"kind": cls.card.kind, **cls.in_words(values)})

    @classmethod
    def in_words(cls, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Say values as people write them."""
        return values

    @property
    def is_polled(self) -> bool:
        """Whether we ask; else it reports by itself, and there is no address."""
        return KINDS[self.card.kind].is_polled

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(*args, **kwargs)
        self.kept: dict[str, str] = {}

    def keep(self, settings: KindSettings | None) -> None:
        """Tell of the secrets in `settings` without showing them."""
        if isinstance(settings, KINDS[self.card.kind].settings):
            self.kept = self.told_of(settings)
        self.secrets_kept.data = bool(self.kept)

    def told_of(self, settings: Any) -> dict[str, str]:  # noqa: ANN401 - those of this kind
        """By its name, how each secret that is there is spoken of."""
        return {name: "a text" for name in self.secrets if getattr(settings, name)}

    def settings(self, kept: KindSettings | None, errors: Errors) -> dict[str, Any]:
        """The settings as typed; what was left empty is not mentioned, so that its default is taken.

        `kept` has the secrets that stay where no others were typed.
        """
        texts = {name: self.typed(name) for name in self.texts if self.typed(name)}
        literals = {name: self[name].data or "" for name in self.literals}
        flags = {name: bool(self[name].data) for name in self.flags}
        secrets = self.read_secrets(self._keepable(kept, errors), errors)
        return {**texts, **literals, **flags, **self.whole(self.numbers, errors), **secrets}

    def read_secrets(self, kept: KindSettings, errors: Errors) -> dict[str, Any]:  # noqa: ARG002 - for kinds that parse
        """What was typed, else what is kept, unless it shall be forgotten."""
        return {name: self[name].data or self.kept_value(name, kept, "") for name in self.secrets}

    def kept_value(self, name: str, kept: KindSettings, nothing: Any) -> Any:  # noqa: ANN401 - a setting
        """What is kept of a secret, `nothing` where it shall be forgotten."""
        return nothing if self[f"forget_{name}"].data else getattr(kept, name)

    def whole(self, names: tuple[str, ...], errors: Errors) -> dict[str, int]:
        """The whole numbers in these fields; those that are empty are left out."""
        numbers = {}
        for name in names:
            text = self.typed(name)
            if _NUMBER.fullmatch(text):
                numbers[name] = int(text)
            elif text:
                errors[name] = ["must be a whole number"]
        return numbers

    def typed(self, name: str) -> str:
        """What stands in a field, without spaces around it."""
        return (self[name].data or "").strip()

    def tell(self, errors: Mapping[str, list[str]]) -> None:
        """Put what is wrong at its fields; what belongs to none is told at the target.

        Secrets that were typed are not sent back, and their fields say so.
        """
        for name, messages in errors.items():
            field = self._fields.get(self.settings_at if name == "settings" else name, self.url)
            field.errors = [*field.errors, *(_told(name, message) for message in messages)]
        for name in self.secrets:
            if self.typed(name):
                self[name].data = ""
                self[name].errors = [
                    *self[name].errors,
                    "Type it again: what may be secret is not sent back.",
                ]

    def _keepable(self, kept: KindSettings | None, errors: Errors) -> KindSettings:
        """What is kept, if it is of this kind; where it is missed, that is told at the first secret."""
        of_kind = KINDS[self.card.kind].settings
        if kept is None and self.secrets_kept.data and not any(map(self.typed, self.secrets)):
            errors[(*self.secrets, self.settings_at)[0]] = [_GONE]
        return kept if isinstance(kept, of_kind) else of_kind()


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
