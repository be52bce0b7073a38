"""What may be done in a team, and which role may do it."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from emeter_core.accounts.membership import Role


class Permission(StrEnum):
    """What a route, or a part of a page, may ask of whoever comes."""

    VIEW_TEAM = "view_team"
    """See the team's monitors, their checks, incidents, and that there are channels."""
    CHANGE_MONITORS = "change_monitors"
    """Make, edit, pause, resume and delete monitors."""
    RUN_CHECKS = "run_checks"
    """Have a check made outside of its schedule, or tried before a monitor is saved."""
    ACKNOWLEDGE_INCIDENTS = "acknowledge_incidents"
    """Take an incident."""
    CHANGE_CHANNELS = "change_channels"
    """Say who is told: set channels up, remove them, sign with another secret."""
    TEST_CHANNELS = "test_channels"
    """Have a test message sent to a channel."""
    SEE_SECRETS = "see_secrets"
    """Read the secret that signs webhooks, and the whole URL of one: that can be a credential, too."""


_LOOKS = frozenset({Permission.VIEW_TEAM})
_WORKS = _LOOKS | {Permission.CHANGE_MONITORS, Permission.RUN_CHECKS, Permission.ACKNOWLEDGE_INCIDENTS}
_LEADS = _WORKS | {Permission.CHANGE_CHANNELS, Permission.TEST_CHANNELS, Permission.SEE_SECRETS}

PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.VIEWER: _LOOKS,
        Role.EDITOR: _WORKS,
        Role.ADMIN: _LEADS,
        Role.OWNER: frozenset(Permission),
    }
)
"""What each role may: all that the one before it may, and more.

A viewer looks and changes nothing, not even for a moment. A pause blinds the team. A check has this
machine ask an address. Who acknowledges an incident says that somebody is on it, so that others go
back to sleep: that is for those who can mend it.

An editor does the daily work: monitors, checks, incidents. Who is told is not theirs to change: where a
message goes leaves the team, and the secret of a webhook lets anybody speak in its name.

An admin does that, too. An owner may everything, what is added later included.
"""


def may(role: Role, permission: Permission) -> bool:
    """Whether a member with this role may do this."""
    return permission in PERMISSIONS[role]
