"""Whether strangers may register."""

from emeter_core.accounts import is_registration_open
from emeter_web import db


def is_open() -> bool:
    """Whether they may: where EMETER_REGISTRATION is open, or else where nobody has an account.

    The database is asked in the second case alone.
    """
    setting = db.settings().registration
    return setting == "open" or is_registration_open(db.session(), setting)
