"""That an e-mail is its user's: asked by a link, and noted once the link is followed."""

from datetime import datetime

from sqlalchemy.orm import Session

from emeter_core.accounts import tokens, user_notifier
from emeter_core.accounts.enough_links import has_enough_links
from emeter_core.accounts.user import User
from emeter_core.accounts.user_notifier import AccountEvent, UrlFun
from emeter_core.mail import Mail
from emeter_core.vault import Vault


def deliver_user_confirmation_instructions(
    session: Session, user: User, url_fun: UrlFun, *, vault: Vault, now: datetime
) -> Mail | None:
    """Mail a link that confirms the account within 7 days.

    None, and no mail, where it is confirmed, and where five links of the last hour are good. Raises NotFound
    where the user is gone.
    """
    if user.confirmed_at is not None:
        return None
    if has_enough_links(session, user, tokens.CONFIRM, now=now):
        return None
    token, row = tokens.build_email_token(user.id, tokens.CONFIRM, sent_to=user.email, now=now)
    session.add(row)
    mail = user_notifier.confirmation_instructions(user.email, url_fun(token))
    return user_notifier.deliver(session, user, mail, AccountEvent.CONFIRMATION, vault=vault, now=now)


def confirm_user(session: Session, token: str, *, now: datetime) -> User | None:
    """Confirm the user whose link this is, and delete their links of this kind.

    None, with nothing changed, where it is unknown, used, older than 7 days, or went to another e-mail than
    the user has.
    """
    digest = tokens.email_digest(token)
    if digest is None:
        return None
    # The lock holds user and token: of two who follow a link at once, the second finds it used.
    found = tokens.email_token_query(digest, tokens.CONFIRM, now=now).with_for_update(key_share=True)
    user = session.scalars(found, execution_options={"populate_existing": True}).one_or_none()
    if user is None:
        return None
    user.confirmed_at, user.updated_at = now, now
    session.flush()
    tokens.delete_tokens(session, user, tokens.CONFIRM)
    return user
