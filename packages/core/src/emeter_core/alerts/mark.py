"""What came of an attempt to send."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from emeter_core.alerts.channels import disable_channel
from emeter_core.alerts.claim import Claimed
from emeter_core.alerts.ladder import pause_after
from emeter_core.outbox.channel import Channel
from emeter_core.outbox.delivery import Delivery, DeliveryState
from emeter_storage.statements import affected_rows

_MAX_ERROR = 500


def mark_sent(session: Session, claimed: Claimed, *, now: datetime) -> bool:
    """Note that a delivery was sent, and erase its body; False where that was noted before, or it is gone.

    The claim is not asked for: what was sent was sent, also by somebody whose lease is over.
    """
    sent = session.execute(
        update(Delivery)
        .where(Delivery.id == claimed.id, Delivery.state != DeliveryState.SENT)
        .values(
            state=DeliveryState.SENT.value,
            attempts=claimed.attempt,
            sent_at=now,
            body=None,
            error=None,
            lease_until=None,
            token=None,
        )
        .execution_options(synchronize_session=False)
    )
    return affected_rows(sent) == 1


def mark_failed(
    session: Session,
    claimed: Claimed,
    error: str,
    *,
    now: datetime,
    permanent: bool = False,
    retry_after: timedelta | None = None,
) -> bool:
    """Note that an attempt failed, in words for people: it is tried again later, at most six times.

    `permanent`: the receiver will never take it (410, no such mailbox). Then
    the delivery fails, and its channel is switched off with all that waits for it. `retry_after` is what
    the receiver asked for. False where the claim is no longer ours, and nothing is noted.
    """
    reason = _clean(error)
    if permanent and claimed.channel_id is not None:
        # The channel before its deliveries, as everywhere.
        session.execute(select(Channel.id).where(Channel.id == claimed.channel_id).with_for_update())
    pause = None if permanent else pause_after(claimed.attempt, claimed.id, retry_after=retry_after)
    if not _is_noted(session, claimed, reason, pause, now):
        return False
    if permanent and claimed.channel_id is not None:
        disable_channel(session, claimed.channel_id, reason, now=now)
    return True


def _is_noted(
    session: Session, claimed: Claimed, reason: str, pause: timedelta | None, now: datetime
) -> bool:
    values: dict[str, object] = {
        "attempts": claimed.attempt,
        "error": reason,
        "lease_until": None,
        "token": None,
    }
    if pause is None:
        values |= {"state": DeliveryState.FAILED.value, "body": None}
    else:
        values |= {"next_attempt_at": now + pause}
    failed = session.execute(
        update(Delivery)
        # By the token: whoever's lease is over does not disturb the one who has it now.
        .where(
            Delivery.id == claimed.id,
            Delivery.token == claimed.token,
            Delivery.state == DeliveryState.PENDING,
        )
        .values(values)
        .execution_options(synchronize_session=False)
    )
    return affected_rows(failed) == 1


def _clean(error: str) -> str:
    """What PostgreSQL takes, of a bounded length: receivers answer with anything."""
    text = error[:_MAX_ERROR].replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text.encode("utf-8", "replace").decode()
