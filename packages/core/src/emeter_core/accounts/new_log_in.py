"""What the owner of an account is told when somebody logs in from a device that is not known."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from emeter_core.accounts import user_notifier
from emeter_core.accounts.device import name_device_in_mail
from emeter_core.accounts.user import User
from emeter_core.accounts.user_notifier import AccountEvent
from emeter_core.mail import Mail
from emeter_core.outbox import Delivery
from emeter_core.vault import Vault

# Enough to notice. A script that logs in each minute does not fill a mailbox, least of all that of somebody
# whose e-mail was given by another.
_MOST = 5
_WITHIN = timedelta(hours=1)


def deliver_new_log_in(
    session: Session,
    user: User,
    *,
    device: str,
    address: str | None,
    reset_url: str,
    settings_url: str,
    vault: Vault,
    now: datetime,
) -> Mail | None:
    """Mail which device it was (`device` is its User-Agent), where, when, and what to do about it.

    None, and no mail, from the sixth within an hour on.
    """
    if _told_lately(session, user, now) >= _MOST:
        return None
    lines = (
        f"Device: {name_device_in_mail(device)}",
        f"Address: {address or 'unknown'}",
        f"Time: {now:%Y-%m-%d %H:%M} UTC",
    )
    mail = user_notifier.new_log_in(
        user.email, "\n".join(lines), reset_url=reset_url, settings_url=settings_url
    )
    return user_notifier.deliver(session, user, mail, AccountEvent.NEW_LOG_IN, vault=vault, now=now)


def _told_lately(session: Session, user: User, now: datetime) -> int:
    told = (
        Delivery.user_id == user.id,
        Delivery.event == AccountEvent.NEW_LOG_IN.value,
        Delivery.inserted_at > now - _WITHIN,
    )
    return session.scalar(select(func.count()).select_from(Delivery).where(*told)) or 0
