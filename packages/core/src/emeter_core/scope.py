"""On whose behalf something is read or written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # accounts makes scopes, so at run time it cannot be imported from here
    from emeter_core.accounts.membership import Role
    from emeter_core.accounts.permissions import Permission
    from emeter_core.accounts.team import Team
    from emeter_core.accounts.user import User


@dataclass(frozen=True, slots=True)
class Scope:
    """A user, acting in a team, with a role there. The second argument of every context function."""

    user: User
    team: Team
    role: Role

    def may(self, permission: Permission) -> bool:
        """Whether the role allows it: `accounts.permissions` has the table."""
        from emeter_core.accounts.permissions import may  # noqa: PLC0415 - see above

        return may(self.role, permission)
