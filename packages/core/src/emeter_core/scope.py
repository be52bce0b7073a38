"""On whose behalf something is read or written."""

from dataclasses import dataclass

from emeter_core.accounts.membership import Role
from emeter_core.accounts.team import Team
from emeter_core.accounts.user import User


@dataclass(frozen=True, slots=True)
class Scope:
    """A user, acting in a team, with a role there. The second argument of every context function."""

    user: User
    team: Team
    role: Role
