"""EMETER_REGISTRATION=closed: the first user registers, nobody after them does."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from emeter_core.accounts import (
    Registration,
    RegistrationClosed,
    Team,
    User,
    UserDeletion,
    delete_user,
    is_registration_open,
    register_user,
)
from emeter_storage.engine import SessionFactory

HASHED = "$2b$04$" + "x" * 53


def register(session: Session, email: str, *, now: datetime) -> User:
    return register_user(session, Registration(email, HASHED), now=now, only_first=True)


def counts(sessions: SessionFactory) -> tuple[int | None, ...]:
    with sessions() as session:
        return tuple(session.scalar(select(func.count()).select_from(each)) for each in (User, Team))


def test_it_is_open_to_the_first_and_closed_after_them(session, noon, vault) -> None:
    assert is_registration_open(session, "closed")
    first = register(session, "first@example.com", now=noon)
    assert not is_registration_open(session, "closed")
    assert is_registration_open(session, "open")
    with pytest.raises(RegistrationClosed):
        register(session, "second@example.com", now=noon)
    # The first one may come back.
    delete_user(session, UserDeletion(first.id, HASHED), vault=vault, now=noon)
    assert is_registration_open(session, "closed")
    assert register(session, "first@example.com", now=noon).email == "first@example.com"


def test_of_many_at_once_one_is_the_first(sessions, noon) -> None:
    together = Barrier(8)

    def try_it(number: int) -> bool:
        together.wait()
        try:
            with sessions.begin() as session:
                register(session, f"{number}@example.com", now=noon)
        except RegistrationClosed:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_it, range(8))) == 1
    assert counts(sessions) == (1, 1)


def test_who_is_made_by_command_at_the_same_time_is_the_first(
    sessions: SessionFactory, meanwhile: Callable[..., object], noon
) -> None:
    with sessions.begin() as command:
        register_user(command, Registration("made@example.com", HASHED), now=noon)
        late = meanwhile(register, "late@example.com", now=noon)
    with pytest.raises(RegistrationClosed):
        late.result(10)  # type: ignore[attr-defined]
    assert counts(sessions) == (1, 1)


def test_who_is_made_by_command_waits_for_the_first_and_is_made(sessions, meanwhile, noon) -> None:
    with sessions.begin() as session:
        register(session, "first@example.com", now=noon)
        made = meanwhile(register_user, Registration("made@example.com", HASHED), now=noon)
    made.result(10)
    assert counts(sessions) == (2, 2)
