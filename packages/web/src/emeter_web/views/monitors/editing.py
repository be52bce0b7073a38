"""The form of a monitor with what stands behind it: the monitor that is edited, and what was tried."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import g, render_template, request, url_for

from emeter_core.errors import Invalid, NotFound
from emeter_core.monitors import Draft, Monitor, open_settings
from emeter_core.monitors.kinds import KINDS, KindSettings
from emeter_core.trials import Trial, TrialKind, get_trial, payload_of
from emeter_web import db
from emeter_web.monitor_forms.kinds import CARDS, form_of
from emeter_web.monitor_forms.monitor_form import MonitorForm, open_values, values_of
from emeter_web.monitor_forms.reading import read_draft
from emeter_web.shown.trial import shown_trial

REFUSED = 422


@dataclass(frozen=True, slots=True)
class Editing:
    """A form; `kept` has the secrets that stay where no others are typed, None where they are lost."""

    form: MonitorForm
    monitor: Monitor | None
    kept: KindSettings | None
    trial: Trial | None

    def draft(self) -> Draft:
        """Read the form; raises Invalid with what is wrong in it."""
        return read_draft(self.form, self.kept)

    def page(self, invalid: Invalid | None = None, *, preview: Draft | None = None) -> str:
        """The page of the form, with what is wrong at its fields, or what it would lead to."""
        self.form.keep(self.kept)
        if invalid is not None:
            self.form.tell(invalid.fields)
        template = "monitors/edit.html" if self.monitor is not None else "monitors/new.html"
        is_gone = self.trial is None and bool(self.form.trial.data)
        shown = None
        if self.trial is not None:
            shown = shown_trial(self.trial, settings=self.kept, now=db.now())
        return render_template(
            template,
            form=self.form,
            cards=list(_cards(self.form)),
            monitor=self.monitor,
            trial=shown,
            trial_is_gone=is_gone,
            preview=preview,
            now=db.now(),
        )


def begun(monitor: Monitor | None = None) -> Editing:
    """The form as its page shows it first: of this monitor or a new one, or as it was tried."""
    trial_id = request.args.get("trial", "")
    trial = _trial(trial_id)
    kept, values = _stored(monitor)
    if trial is not None:
        kept, values = _tried(trial)
    elif monitor is None:
        values = {"url": request.args.get("url", "")}
    form = form_of(values.get("kind") or request.args.get("kind"))
    return Editing(form.showing(values | {"trial": trial_id}), monitor, kept, trial)


def sent(monitor: Monitor | None = None) -> Editing:
    """The form as this request sent it, over what the monitor has now."""
    kept, values = _stored(monitor)
    form = form_of(values.get("kind") or request.form.get("kind")).submitted(values)
    if monitor is not None:
        # What it is never changes: its history would be that of something else.
        form.kind.data = monitor.kind
    trial = _trial(form.trial.data or "")
    if trial is not None:
        kept = _tried(trial)[0]
    elif form.trial.data:
        kept = None
    return Editing(form, monitor, kept, trial)


def _cards(form: MonitorForm) -> Iterator[tuple[str, str, str, str, bool]]:
    """Each kind as a link to its form, which begins with the target that is there."""
    for kind, word, small, icon in CARDS:
        href = url_for("monitors.new", kind=kind, url=form.url.data or None)
        yield href, word, small, icon, kind == form.card.kind


def _stored(monitor: Monitor | None) -> tuple[KindSettings | None, dict[str, Any]]:
    if monitor is None:
        return None, {}
    settings = open_settings(monitor, db.vault())
    return settings, values_of(monitor, settings)


def _tried(trial: Trial) -> tuple[KindSettings, dict[str, Any]]:
    """What a trial was made of: its settings, and what the form shows of them."""
    payload = payload_of(trial, db.vault())
    settings = KINDS[payload["kind"]].settings.model_validate(payload["settings"])
    numbers = {name: str(payload[name]) for name in ("interval", "down_after", "up_after")}
    timeout = payload["timeout"]
    values = {
        "kind": payload["kind"],
        "url": payload["target"],
        "name": payload["name"],
        "timeout": "" if timeout is None else str(timeout),
    }
    return settings, values | numbers | open_values(settings)


def _trial(trial_id: str) -> Trial | None:
    """The trial of this id; None where it is gone, or is one of something else."""
    if not trial_id:
        return None
    try:
        found = get_trial(db.session(), g.scope, trial_id, now=db.now())
    except NotFound:
        return None
    return found if found.kind == TrialKind.CHECK else None
