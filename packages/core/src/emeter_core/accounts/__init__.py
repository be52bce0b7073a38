"""Accounts: people, their teams, and what they are there."""

from emeter_core.accounts.membership import Membership, Role
from emeter_core.accounts.password import hash_password, verify_password
from emeter_core.accounts.registration import Registration, prepare_registration
from emeter_core.accounts.team import Team
from emeter_core.accounts.user import User
from emeter_core.accounts.user_session import UserSession
from emeter_core.accounts.user_token import UserToken
from emeter_core.accounts.users import get_user_by_email, list_users, register_user, scope_of

__all__ = [
    "Membership",
    "Registration",
    "Role",
    "Team",
    "User",
    "UserSession",
    "UserToken",
    "get_user_by_email",
    "hash_password",
    "list_users",
    "prepare_registration",
    "register_user",
    "scope_of",
    "verify_password",
]
