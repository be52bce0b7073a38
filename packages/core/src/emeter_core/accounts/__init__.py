"""Accounts: people, their teams, and what they are there."""

from emeter_core.accounts.changeset import Changeset
from emeter_core.accounts.confirmation import confirm_user, deliver_user_confirmation_instructions
from emeter_core.accounts.deletion import (
    LeftTeam,
    UserDeletion,
    delete_user,
    prepare_user_deletion,
    teams_left_by,
)
from emeter_core.accounts.device import name_device
from emeter_core.accounts.email_change import (
    EmailChange,
    apply_user_email,
    change_user_email,
    deliver_update_email_instructions,
    update_user_email,
)
from emeter_core.accounts.hash_slots import Busy
from emeter_core.accounts.membership import Membership, Role
from emeter_core.accounts.new_log_in import deliver_new_log_in
from emeter_core.accounts.password import hash_password, valid_password, verify_password
from emeter_core.accounts.password_change import (
    PasswordChange,
    change_user_password,
    prepare_password_change,
    update_user_password,
)
from emeter_core.accounts.password_reset import (
    deliver_user_reset_password_instructions,
    get_user_by_reset_password_token,
    issue_reset_password_token,
    prepare_password_reset,
    reset_user_password,
)
from emeter_core.accounts.permissions import PERMISSIONS, Permission, may
from emeter_core.accounts.registration import (
    Registration,
    RegistrationClosed,
    change_user_registration,
    is_registration_open,
    prepare_registration,
)
from emeter_core.accounts.sessions import (
    ListedSession,
    count_sessions,
    delete_session_token,
    end_other_sessions,
    end_session,
    generate_user_session_token,
    get_user_by_session_token,
    list_sessions,
    touch_session,
)
from emeter_core.accounts.signed_in import Seat, SignedIn, get_signed_in, live_seats
from emeter_core.accounts.team import Team, TeamOf, team_itself
from emeter_core.accounts.tokens import purge
from emeter_core.accounts.user import User
from emeter_core.accounts.user_notifier import imitate_instructions
from emeter_core.accounts.user_session import UserSession
from emeter_core.accounts.user_token import UserToken
from emeter_core.accounts.users import (
    ensure_team,
    get_user,
    get_user_by_email,
    list_users,
    register_user,
    scope_of,
)

__all__ = [
    "PERMISSIONS",
    "Busy",
    "Changeset",
    "EmailChange",
    "LeftTeam",
    "ListedSession",
    "Membership",
    "PasswordChange",
    "Permission",
    "Registration",
    "RegistrationClosed",
    "Role",
    "Seat",
    "SignedIn",
    "Team",
    "TeamOf",
    "User",
    "UserDeletion",
    "UserSession",
    "UserToken",
    "apply_user_email",
    "change_user_email",
    "change_user_password",
    "change_user_registration",
    "confirm_user",
    "count_sessions",
    "delete_session_token",
    "delete_user",
    "deliver_new_log_in",
    "deliver_update_email_instructions",
    "deliver_user_confirmation_instructions",
    "deliver_user_reset_password_instructions",
    "end_other_sessions",
    "end_session",
    "ensure_team",
    "generate_user_session_token",
    "get_signed_in",
    "get_user",
    "get_user_by_email",
    "get_user_by_reset_password_token",
    "get_user_by_session_token",
    "hash_password",
    "imitate_instructions",
    "is_registration_open",
    "issue_reset_password_token",
    "list_sessions",
    "list_users",
    "live_seats",
    "may",
    "name_device",
    "prepare_password_change",
    "prepare_password_reset",
    "prepare_registration",
    "prepare_user_deletion",
    "purge",
    "register_user",
    "reset_user_password",
    "scope_of",
    "team_itself",
    "teams_left_by",
    "touch_session",
    "update_user_email",
    "update_user_password",
    "valid_password",
    "verify_password",
]
