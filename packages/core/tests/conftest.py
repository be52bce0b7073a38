"""A team with people and a monitor, for the tests of the domain."""

from collections.abc import Callable
from datetime import UTC, datetime

import hypothesis
import pytest
from sqlalchemy.orm import Session

from emeter_core.accounts import Registration, register_user, scope_of
from emeter_core.monitors import Monitor, create_monitor, draft_monitor
from emeter_core.scope import Scope
from emeter_core.vault import Vault

# Of today: results find a partition only near the day on which the database was migrated.
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)

# A machine that is busy with something else proves nothing against us.
hypothesis.settings.register_profile(
    "emeter", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("emeter")


@pytest.fixture
def noon() -> datetime:
    return NOON


@pytest.fixture
def vault() -> Vault:
    return Vault("a secret of the tests, long enough")


@pytest.fixture
def alice(session: Session) -> Scope:
    """Alice owns a team."""
    return _person(session, "alice@example.com")


@pytest.fixture
def charlie(session: Session) -> Scope:
    """Charlie owns another one and is nobody to Alice."""
    return _person(session, "charlie@example.com")


@pytest.fixture
def add_monitor(session: Session, alice: Scope, vault: Vault) -> Callable[..., Monitor]:
    def add(*, now: datetime = NOON, **fields: object) -> Monitor:
        draft = draft_monitor(**{"target": "http://example.com/", "interval": 60, **fields})  # type: ignore[arg-type]
        return create_monitor(session, alice, draft, vault=vault, now=now)

    return add


def _person(session: Session, email: str) -> Scope:
    user = register_user(session, Registration(email, "$2b$04$" + "x" * 53), now=NOON)
    return scope_of(session, user)
