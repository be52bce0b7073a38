"""Where a command meets the domain: settings, clock, one transaction, and on whose behalf it acts."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, wraps
from typing import Any, TypeVar

import click
from sqlalchemy.orm import Session

from emeter_core.accounts import get_user_by_email, list_users, scope_of
from emeter_core.database import Database
from emeter_core.errors import NotFound
from emeter_core.handed_on import load_beside_up
from emeter_core.scope import Scope
from emeter_core.vault import Vault
from emeter_storage.errors import UserError

_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class Desk:
    """One transaction of one person: its session, whose it is, and the time."""

    session: Session
    scope: Scope
    now: datetime


class Edge:
    """What a command needs of the installation. Nothing is connected before it is asked for."""

    def __init__(self, user: str | None = None, team: uuid.UUID | None = None) -> None:
        self._user, self._team = user, team
        self.settings = load_beside_up()
        self._database = Database.of(self.settings, name="emeter", pool_size=2)

    @cached_property
    def vault(self) -> Vault:
        """The vault of this installation; raises UserError where there is no SECRET_KEY."""
        return self.settings.vault()

    @contextmanager
    def transaction(self) -> Iterator[tuple[Session, datetime]]:
        """Open a transaction: committed at the end of the block, rolled back where it raises."""
        self._database.clock.measure_if_old()
        with self._database.sessions.begin() as session:
            yield session, self._database.clock.now()

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        """Open a transaction of the user and team named; raises UserError where it is unclear who."""
        with self.transaction() as (session, now):
            yield Desk(session, self._scope(session), now)

    def _scope(self, session: Session) -> Scope:
        if self._user is not None:
            user = get_user_by_email(session, self._user)
            if user is None:
                raise NotFound(f"There is no user {self._user}.")
            return scope_of(session, user, self._team)
        users = list_users(session)
        if not users:
            raise UserError("There is no user yet: make one with `emeter user create EMAIL`.")
        if len(users) > 1:
            raise UserError("There are several users: say on whose behalf with --user EMAIL.")
        return scope_of(session, users[0], self._team)


def scoped(command: Callable[..., _R]) -> Callable[..., _R]:
    """Give a command `--user` and `--team`, and hand it the edge they lead to as its first argument."""

    @click.option("--user", metavar="EMAIL", help="On whose behalf; needed where there are several users.")
    @click.option(
        "--team", type=click.UUID, metavar="UUID", help="Their team to act in (default: the oldest)."
    )
    @wraps(command)
    def with_edge(*args: Any, user: str | None, team: uuid.UUID | None, **kwargs: Any) -> _R:  # noqa: ANN401 - any command
        return command(Edge(user, team), *args, **kwargs)

    return with_edge
