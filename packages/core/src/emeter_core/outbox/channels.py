"""What accounts do to channels, and what waits for a channel: below accounts, which cannot use `alerts`."""

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, func, update
from sqlalchemy.orm import Session

from emeter_core.outbox.channel import Channel, ChannelKind
from emeter_core.outbox.delivery import Delivery, DeliveryState


def add_first_channel(session: Session, team_id: uuid.UUID, email: str, *, now: datetime) -> None:
    """Give a new team the mail channel it begins with: the address of who registered."""
    first = Channel(
        team_id=team_id, kind=ChannelKind.MAIL.value, target=email, inserted_at=now, updated_at=now
    )
    session.add(first)
    session.flush()


def readdress_channels(
    session: Session, team_ids: Collection[uuid.UUID], old: str, new: str, *, now: datetime
) -> None:
    """Have the mail channels of these teams follow a person from one e-mail to another.

    Only a channel that tells the old e-mail does so, whatever the case of its letters; where that one had
    refused our mails it is used again. What still waits to be sent goes to the new e-mail, at once.
    """
    moved = session.scalars(
        update(Channel)
        .where(
            Channel.team_id.in_(team_ids),
            Channel.kind == ChannelKind.MAIL,
            func.lower(Channel.target) == old.lower(),
        )
        .values(target=new, enabled=True, disabled_reason=None, updated_at=now)
        .returning(Channel.id)
        .execution_options(synchronize_session=False)
    ).all()
    if moved:
        redirect_pending(session, moved, new, now=now)


def redirect_pending(
    session: Session, channel_ids: Collection[uuid.UUID], target: str, *, now: datetime
) -> None:
    """Send what still waits for these channels to another target, at once."""
    # What is under way keeps its lease.
    at_once = func.greatest(Delivery.lease_until, now)
    change_pending(session, channel_ids, recipient=target, next_attempt_at=at_once)


def change_pending(
    session: Session, channel_ids: Collection[uuid.UUID], **values: str | ColumnElement[datetime]
) -> None:
    """Change what still waits for these channels; the channels were locked before, as everywhere."""
    session.execute(
        update(Delivery)
        .where(Delivery.channel_id.in_(channel_ids), Delivery.state == DeliveryState.PENDING)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
