"""The forms of alerts, one a kind of channel; what is wrong with a value is for the domain to say."""

from wtforms import StringField

from emeter_core.alerts import ChannelKind
from emeter_web.forms import Form


class MailForm(Form):
    """Which address is told."""

    email = StringField("Email address")

    def typed(self) -> str:
        """What was typed."""
        return self.email.data or ""


class WebhookForm(Form):
    """Which URL is called."""

    url = StringField("Webhook URL")

    def typed(self) -> str:
        """What was typed."""
        return self.url.data or ""


FORMS = {ChannelKind.MAIL: MailForm, ChannelKind.WEBHOOK: WebhookForm}
FIELDS = {ChannelKind.MAIL: "email", ChannelKind.WEBHOOK: "url"}
"""The field of each form that holds the channel's target."""
