"""The channels of a team: saved, removed, looked up, and their signing secrets.

Lock order: the channel, then its deliveries.
"""

import base64
import secrets
import uuid
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from emeter_core.alerts.channel_draft import ChannelDraft
from emeter_core.errors import NotFound
from emeter_core.outbox.channel import Channel, ChannelKind
from emeter_core.outbox.channels import change_pending, redirect_pending
from emeter_core.outbox.delivery import DeliveryState
from emeter_core.scope import Scope
from emeter_core.vault import Vault

_PURPOSE = "channel secret"
# Standard Webhooks asks for 24 to 64 bytes.
_SECRET_BYTES = 32


def save_channel(
    session: Session, scope: Scope, draft: ChannelDraft, *, vault: Vault, now: datetime
) -> Channel:
    """Make the team's channel of this kind what `draft` says, and use it (again).

    A webhook keeps its signing secret when its URL changes. What still waits to be sent goes to the new
    target, at once.
    """
    secret = vault.seal(_PURPOSE, _new_secret()) if draft.kind is ChannelKind.WEBHOOK else None
    values = {
        "id": uuid.uuid4(),
        "team_id": scope.team.id,
        "kind": draft.kind.value,
        "target": draft.target,
        "secret": secret,
        "enabled": True,
        "disabled_reason": None,
        "inserted_at": now,
        "updated_at": now,
    }
    changed = {name: values[name] for name in ("target", "enabled", "disabled_reason", "updated_at")}
    # One statement: two people who save at once would else both insert.
    saved = (
        insert(Channel)
        .values(values)
        .on_conflict_do_update(index_elements=[Channel.team_id, Channel.kind], set_=changed)
    )
    channel = session.scalars(saved.returning(Channel), execution_options={"populate_existing": True}).one()
    redirect_pending(session, [channel.id], channel.target, now=now)
    return channel


def remove_channel(session: Session, scope: Scope, kind: ChannelKind | str) -> None:
    """Tell nobody on this channel any more; what was not sent yet is given up. Removing twice is well."""
    found = session.scalars(
        select(Channel)
        .where(Channel.team_id == scope.team.id, Channel.kind == kind)
        # Incidents that are being written hold the row: wait for them, and see their deliveries.
        .with_for_update()
    ).one_or_none()
    if found is None:
        return
    give_up_pending(session, found.id, "The channel was removed.")
    session.execute(delete(Channel).where(Channel.id == found.id))


def list_channels(session: Session, scope: Scope) -> dict[str, Channel]:
    """The team's channels by kind."""
    found = session.scalars(select(Channel).where(Channel.team_id == scope.team.id))
    return {channel.kind: channel for channel in found}


def open_secret(channel: Channel, vault: Vault) -> str:
    """The secret that signs this webhook, as Standard Webhooks writes it; empty where there is none.

    Raises UserError where the key is another.
    """
    return vault.open(_PURPOSE, channel.secret).decode() if channel.secret else ""


def rotate_secret(session: Session, scope: Scope, *, vault: Vault, now: datetime) -> Channel:
    """Give the team's webhook another signing secret, at once; raises NotFound where there is no webhook."""
    changed = session.scalars(
        update(Channel)
        .where(Channel.team_id == scope.team.id, Channel.kind == ChannelKind.WEBHOOK)
        .values(secret=vault.seal(_PURPOSE, _new_secret()), updated_at=now)
        .returning(Channel)
        .execution_options(populate_existing=True, synchronize_session=False)
    ).one_or_none()
    if changed is None:
        raise NotFound("This team has no webhook.")
    return changed


def disable_channel(session: Session, channel_id: uuid.UUID, reason: str, *, now: datetime) -> None:
    """Use a channel no more, since its receiver refused for good, and give up what waits for it."""
    session.execute(
        update(Channel)
        .where(Channel.id == channel_id)
        .values(enabled=False, disabled_reason=reason, updated_at=now)
        .execution_options(synchronize_session=False)
    )
    give_up_pending(session, channel_id, f"The channel was switched off: {reason}")


def give_up_pending(session: Session, channel_id: uuid.UUID, reason: str) -> None:
    """Fail what still waits for a channel."""
    change_pending(session, [channel_id], state=DeliveryState.FAILED.value, error=reason)


def _new_secret() -> bytes:
    return b"whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES))
