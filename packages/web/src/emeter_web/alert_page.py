"""What the page of alerts shows: a team's channels, the answer of a test, and who was told lately."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import g, render_template, request

from emeter_core.accounts import Permission
from emeter_core.alerts import (
    Channel,
    ChannelKind,
    Told,
    list_channels,
    list_told,
    open_secret,
)
from emeter_core.errors import NotFound
from emeter_core.trials import Trial, TrialKind, get_trial, payload_of
from emeter_web import db
from emeter_web.channel_forms import FIELDS, FORMS, MailForm, WebhookForm
from emeter_web.shown.recipients import Recipients, recipients

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Tested:
    """The test of a channel: of which kind, where it went, and its answer once there is one."""

    kind: ChannelKind
    target: str
    answer: dict[str, Any] | None

    @property
    def is_waiting(self) -> bool:
        """Whether the answer is still to come."""
        return self.answer is None


@dataclass(frozen=True, slots=True)
class AlertPage:
    """All that the template needs; `secret` is empty for whoever may not see it."""

    channels: dict[str, Channel]
    forms: dict[str, MailForm | WebhookForm]
    recipient: Recipients
    secret: str
    tested: Tested | None
    told: Sequence[Told]


def render(**refused: MailForm | WebhookForm) -> str:
    """Show the page; `refused` are forms that come back with their errors, by the kind of channel."""
    channels = list_channels(db.session(), g.scope)
    webhook = channels.get(ChannelKind.WEBHOOK)
    page = AlertPage(
        channels=channels,
        forms={kind: refused.get(kind) or _form(kind, channels.get(kind)) for kind in ChannelKind},
        recipient=recipients(g.scope),
        secret=open_secret(webhook, db.vault()) if webhook and g.scope.may(Permission.SEE_SECRETS) else "",
        tested=_tested(),
        told=list_told(db.session(), g.scope, limit=_SHOWN),
    )
    return render_template("alerts/index.html", alerts=page, trial=page.tested, now=db.now())


def _form(kind: ChannelKind, channel: Channel | None) -> MailForm | WebhookForm:
    """The form as the channel has it."""
    filled = {FIELDS[kind]: channel.target if channel else ""}
    form: MailForm | WebhookForm = FORMS[kind](formdata=None, data=filled)
    return form


def _tested() -> Tested | None:
    """The test that the address names; one that has expired is no error."""
    wanted = request.args.get("trial", "")
    if not wanted:
        return None
    try:
        trial: Trial = get_trial(db.session(), g.scope, wanted, now=db.now())
    except NotFound:
        return None
    if trial.kind != TrialKind.CHANNEL:
        return None
    payload = payload_of(trial, db.vault())
    return Tested(ChannelKind(payload["kind"]), payload["target"], trial.answer)
