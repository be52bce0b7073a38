"""From the form of a monitor to a draft: text into numbers, the rest is the domain's to judge."""

from emeter_core.errors import Invalid
from emeter_core.monitors import Draft, draft_monitor
from emeter_core.monitors.kinds import KindSettings
from emeter_web.monitor_forms.monitor_form import Errors, MonitorForm

_TIMES = ("interval", "timeout", "down_after", "up_after")
_KIND_MAX = 20


def read_draft(form: MonitorForm, kept: KindSettings | None) -> Draft:
    """Check what was typed; `kept` has the secrets that stay where no others were typed.

    Raises Invalid with all that is wrong, field by field.
    """
    errors: Errors = {}
    times = form.whole(_TIMES, errors)
    settings = form.settings(kept, errors)
    try:
        draft = draft_monitor(
            target=form.url.data or "",
            name=form.name.data or "",
            kind=(form.kind.data or form.card.kind)[:_KIND_MAX],
            settings=settings,
            **times,
        )
    except Invalid as invalid:
        raise Invalid({**invalid.fields, **errors}) from None
    if errors:
        raise Invalid(errors)
    return draft
