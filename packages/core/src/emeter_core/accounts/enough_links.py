"""How many links of a kind an account is mailed within an hour, whoever asks for them.

Anybody may ask for a link to anybody's e-mail, so it is not the request that is refused: then nobody could
keep the owner from being mailed one. Who asks too often has links that are good in the mailbox already.
"""

from datetime import datetime, timedelta

from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import Session

from emeter_core.accounts.locks import lock_user
from emeter_core.accounts.user import User
from emeter_core.accounts.user_token import UserToken
from emeter_core.errors import NotFound

_MOST = 5
_WITHIN = timedelta(hours=1)


def has_enough_links(session: Session, user: User, context: str, *, now: datetime) -> bool:
    """Whether five links of the last hour, to the e-mail that the user has, still do what they say.

    Those that were used, or died with a password or an e-mail, do not count: then the next one is mailed at
    once. The user is locked from here on; raises NotFound where they are gone.
    """
    # Of two who ask at once both would get the last one.
    if lock_user(session, user.id) is None:
        raise NotFound("There is no such user any more.")
    good = (
        UserToken.user_id == user.id,
        UserToken.context == context,
        UserToken.inserted_at > now - _WITHIN,
        UserToken.sent_to == cast(user.email, Text),
    )
    return (session.scalar(select(func.count()).select_from(UserToken).where(*good)) or 0) >= _MOST
