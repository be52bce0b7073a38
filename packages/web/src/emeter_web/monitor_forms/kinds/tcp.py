"""The form of the `tcp` kind: what is said on a connection, and what must be heard."""

from wtforms import StringField

from emeter_core.monitors.kinds.tcp import TcpSettings
from emeter_web.monitor_forms.fields import FlagField, family_field
from emeter_web.monitor_forms.monitor_form import Card, MonitorForm

_DEFAULTS = TcpSettings()


class TcpForm(MonitorForm):
    """What is sent is a secret."""

    card = Card("tcp", "TCP port", "open, TLS, banner", "plug")
    texts = ("ip_family",)
    literals = ("expect",)
    flags = ("tls", "verify_tls")
    secrets = ("send",)

    url = StringField("Host and port")
    tls = FlagField("It speaks TLS", default=_DEFAULTS.tls)
    send = StringField("Send")
    forget_send = FlagField("Send nothing any more", default=False)
    expect = StringField("Answer contains")
    verify_tls = FlagField("The certificate must be good", default=_DEFAULTS.verify_tls)
    ip_family = family_field()
