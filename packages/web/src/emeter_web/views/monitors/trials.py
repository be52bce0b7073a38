"""A monitor tried before it is saved."""

import uuid
from typing import Any

from flask import g, redirect, url_for
from flask.typing import ResponseReturnValue

from emeter_core.errors import Invalid
from emeter_core.monitors import Draft
from emeter_core.trials import Trial, TrialKind, ask
from emeter_web import db
from emeter_web.monitor_forms.monitor_form import MonitorForm
from emeter_web.views.monitors.editing import REFUSED, Editing, sent
from emeter_web.views.monitors.find import find


def try_it() -> ResponseReturnValue:
    """Have what was typed checked once; the form comes back with the answer beside it."""
    return _try(sent(), url_for("monitors.new"))


def try_change(public_id: uuid.UUID) -> ResponseReturnValue:
    """The same with the form of a monitor that is there: its secrets are used where no others were typed."""
    return _try(sent(find(public_id)), url_for("monitors.edit", public_id=public_id))


def _try(editing: Editing, page: str) -> ResponseReturnValue:
    try:
        if not editing.form.is_polled:
            # Nobody can be asked: what is shown is when it would be expected.
            return editing.page(preview=editing.draft())
        trial = _ask(editing)
    except Invalid as invalid:
        return editing.page(invalid), REFUSED
    return redirect(f"{page}?trial={trial.id}", 303)


def _ask(editing: Editing) -> Trial:
    payload = _payload(editing.draft(), editing.form)
    return ask(db.session(), g.scope, TrialKind.CHECK, payload, vault=db.vault(), now=db.now())


def _payload(draft: Draft, form: MonitorForm) -> dict[str, Any]:
    """What `draft_monitor` takes; name and timeout stay empty where they were, for the form comes back."""
    return {
        "target": draft.target,
        "name": (form.name.data or "").strip(),
        "kind": draft.kind,
        "interval": draft.interval,
        "timeout": draft.timeout if (form.timeout.data or "").strip() else None,
        "down_after": draft.down_after,
        "up_after": draft.up_after,
        "settings": draft.settings.model_dump(mode="json", exclude_defaults=True),
    }
