"""The form of each kind of monitor: one file each, one entry in `FORMS` each, in the order of their cards."""

from emeter_core.monitors.kinds import DEFAULT
from emeter_web.monitor_forms.kinds.heartbeat import HeartbeatForm
from emeter_web.monitor_forms.kinds.http import HttpForm
from emeter_web.monitor_forms.kinds.ping import PingForm
from emeter_web.monitor_forms.kinds.tcp import TcpForm
from emeter_web.monitor_forms.monitor_form import Card, MonitorForm

FORMS: dict[str, type[MonitorForm]] = {
    form.card.kind: form for form in (HttpForm, TcpForm, PingForm, HeartbeatForm)
}
CARDS: tuple[Card, ...] = tuple(form.card for form in FORMS.values())


def form_of(kind: str | None) -> type[MonitorForm]:
    """The form of a kind; that of `http` for one that is unknown, where it says so."""
    return FORMS.get(kind or DEFAULT, FORMS[DEFAULT])
