"""The form of the `ping` kind: how many packets, and how many of them may be lost."""

from wtforms import StringField

from emeter_core.monitors.kinds.ping import PingSettings
from emeter_web.monitor_forms.fields import family_field
from emeter_web.monitor_forms.monitor_form import Card, MonitorForm

_DEFAULTS = PingSettings()


class PingForm(MonitorForm):
    """There are no secrets in a ping."""

    card = Card("ping", "Ping", "loss, round trip", "ping")
    texts = ("ip_family",)
    numbers = ("packets", "max_loss")

    url = StringField("Host")
    packets = StringField("Packets", default=str(_DEFAULTS.packets))
    max_loss = StringField("May be lost", default=str(_DEFAULTS.max_loss))
    ip_family = family_field()
