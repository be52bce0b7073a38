"""What each role may do: the table is small, so it is written out here a second time."""

from itertools import pairwise

import pytest

from emeter_core.accounts import PERMISSIONS, Permission, Role, may
from emeter_core.scope import Scope

LOOKS = {Permission.VIEW_TEAM}
WORKS = LOOKS | {Permission.CHANGE_MONITORS, Permission.RUN_CHECKS, Permission.ACKNOWLEDGE_INCIDENTS}
LEADS = WORKS | {Permission.CHANGE_CHANNELS, Permission.TEST_CHANNELS, Permission.SEE_SECRETS}


@pytest.mark.parametrize(
    ("role", "allowed"),
    [(Role.VIEWER, LOOKS), (Role.EDITOR, WORKS), (Role.ADMIN, LEADS), (Role.OWNER, set(Permission))],
)
def test_a_role_may_what_is_its_own_and_nothing_else(alice, role: Role, allowed: set[Permission]) -> None:
    scope = Scope(alice.user, alice.team, role)
    for permission in Permission:
        assert may(role, permission) is (permission in allowed)
        assert scope.may(permission) is (permission in allowed)


def test_a_higher_role_may_all_that_a_lower_one_may() -> None:
    assert PERMISSIONS.keys() == set(Role)
    for higher, lower in pairwise(Role):  # from most to least
        assert PERMISSIONS[lower] <= PERMISSIONS[higher]


def test_the_table_cannot_be_changed_by_mistake() -> None:
    with pytest.raises(TypeError):
        PERMISSIONS[Role.VIEWER] = frozenset(Permission)  # type: ignore[index]  # that is the point
