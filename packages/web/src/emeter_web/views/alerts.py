"""Where a team is told, and whether that works."""

from typing import Literal

from flask import g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from emeter_core.alerts import (
    Channel,
    ChannelKind,
    draft_channel,
    list_channels,
    open_secret,
    remove_channel,
    rotate_secret,
    save_channel,
)
from emeter_core.errors import Invalid, NotFound
from emeter_core.trials import Trial, TrialKind, ask
from emeter_web import alert_page, db
from emeter_web.channel_forms import FIELDS, FORMS, MailForm, WebhookForm
from emeter_web.flashes import put_flash
from emeter_web.forms import refuse, sentences

_REFUSED = 422
_SAVED = {
    ChannelKind.MAIL: "Saved. This address is told when something goes down, and when it is back.",
    ChannelKind.WEBHOOK: "Saved. This URL is called when something goes down, and when it is back.",
}
_REMOVED = {
    ChannelKind.MAIL: "Removed. Nobody is told by mail any more.",
    ChannelKind.WEBHOOK: "Removed. No webhook is called any more.",
}


def index() -> str:
    """Show the channels, and who was told lately."""
    return alert_page.render()


def save(kind: str) -> ResponseReturnValue:
    """Keep the address or the URL; a wrong one comes back with what is wrong."""
    known = _known(kind)
    form = FORMS[known]()
    try:
        draft = draft_channel(known, form.typed())
    except Invalid as invalid:
        refuse(form, sentences(invalid))
        return alert_page.render(**{known: form}), _REFUSED
    save_channel(db.session(), g.scope, draft, vault=db.vault(), now=db.now())
    return _back(_SAVED[known])


def remove(kind: str) -> ResponseReturnValue:
    """Tell nobody on this channel any more."""
    known = _known(kind)
    remove_channel(db.session(), g.scope, known)
    return _back(_REMOVED[known])


def test(kind: str) -> ResponseReturnValue:
    """Have a test message sent to the channel as it was saved; the answer comes to the page."""
    known = _known(kind)
    form = FORMS[known]()
    try:
        trial = _ask(_as_typed(known, form))
    except Invalid as invalid:
        if "trial" in invalid.fields:
            return _back("This test " + " ".join(invalid.fields["trial"]) + ".", "error")
        refuse(form, invalid)
        return alert_page.render(**{known: form}), _REFUSED
    return redirect(url_for("alerts.index", trial=trial.id, _anchor=known), 303)


def rotate() -> ResponseReturnValue:
    """Sign with another secret from now on."""
    rotate_secret(db.session(), g.scope, vault=db.vault(), now=db.now())
    return _back("There is a new secret. Calls signed with the old one have ended.")


def _as_typed(kind: ChannelKind, form: MailForm | WebhookForm) -> Channel:
    """The channel that is to be tested.

    Raises NotFound where there is none, and Invalid where something else is typed beside the button: that is
    not what would be tested.
    """
    channel = list_channels(db.session(), g.scope).get(kind)
    if channel is None:
        raise NotFound("There is nothing to test yet.")
    if FIELDS[kind] in request.form and form.typed().strip() != channel.target:
        raise Invalid({FIELDS[kind]: ["This is not saved yet. Save it first, then test it."]})
    return channel


def _ask(channel: Channel) -> Trial:
    secret = open_secret(channel, db.vault())
    payload = {"kind": channel.kind, "target": channel.target, "secret": secret}
    return ask(db.session(), g.scope, TrialKind.CHANNEL, payload, vault=db.vault(), now=db.now())


def _known(kind: str) -> ChannelKind:
    try:
        return ChannelKind(kind)
    except ValueError:
        raise NotFound(f"There is no channel of the kind {kind!r}.") from None


def _back(said: str, category: Literal["info", "error"] = "info") -> ResponseReturnValue:
    put_flash(category, said)
    return redirect(url_for("alerts.index"), 303)
