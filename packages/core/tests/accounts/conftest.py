"""A person with a password, and what tests of accounts ask again and again."""

import base64
import hashlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from emeter_core.accounts import (
    Registration,
    User,
    UserToken,
    generate_user_session_token,
    hash_password,
    password,
    register_user,
)
from emeter_core.errors import Invalid
from emeter_core.mail import Mail
from emeter_storage.engine import SessionFactory, make_engine, make_session_factory

EMAIL, PASSWORD = "dora@example.com", "hello world!"
_HASHED = hash_password(PASSWORD, rounds=4)

Errors = dict[str, list[str]]


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a hash costs is proved once; the other tests need not wait for it."""
    monkeypatch.setattr(password, "ROUNDS", 4)


@pytest.fixture
def new_user(noon: datetime) -> Callable[..., User]:
    """Register somebody; their password is PASSWORD, and they are not confirmed."""

    def register(session: Session, email: str = EMAIL) -> User:
        return register_user(session, Registration(email, _HASHED), now=noon)

    return register


@pytest.fixture
def user(session: Session, new_user: Callable[..., User]) -> User:
    """Dora, who registered at noon."""
    return new_user(session)


@pytest.fixture
def begin(noon: datetime) -> Callable[..., bytes]:
    """Begin a session of a user: the token in their browser."""

    def begin(session: Session, user: User, *, now: datetime = noon) -> bytes:
        return generate_user_session_token(session, user, device="curl/8", address="192.0.2.7", now=now)

    return begin


@pytest.fixture
def sessions(new_database: Callable[[], str]) -> Iterator[SessionFactory]:
    """Sessions on a database of this test's own, which commit."""
    engine = make_engine(new_database(), name="tests", pool_size=8)
    yield make_session_factory(engine)
    engine.dispose()


@pytest.fixture
def tokens_of(session: Session) -> Callable[..., list[UserToken]]:
    """The rows of a user's tokens, by context."""

    def find(user: User) -> list[UserToken]:
        found = select(UserToken).where(UserToken.user_id == user.id).order_by(UserToken.context)
        return list(session.scalars(found, execution_options={"populate_existing": True}))

    return find


@pytest.fixture
def row_of(session: Session) -> Callable[[str], UserToken]:
    """The row of a mailed token, found as the specification says: by SHA-256 of the 32 bytes in it."""

    def find(token: str) -> UserToken:
        raw = base64.urlsafe_b64decode(token + "=")
        assert (len(token), len(raw)) == (43, 32)
        return session.scalars(select(UserToken).where(UserToken.token == hashlib.sha256(raw).digest())).one()

    return find


@pytest.fixture
def expire(session: Session) -> Callable[[], None]:
    """Make the one token there is as old as the hills."""

    def expire() -> None:
        old = update(UserToken).values(inserted_at=UserToken.inserted_at - timedelta(days=2000))
        assert len(session.scalars(old.returning(UserToken.id)).all()) == 1

    return expire


@pytest.fixture
def errors_of() -> Callable[..., Errors]:
    """What a refusal says, field by field."""

    def errors(refused: Callable[..., object], *args: object, **kwargs: object) -> Errors:
        with pytest.raises(Invalid) as caught:
            refused(*args, **kwargs)
        return caught.value.fields

    return errors


@pytest.fixture
def token_in() -> Callable[[Mail | None], str]:
    """The token in a mail whose link was made by `mark`."""

    def extract(mail: Mail | None) -> str:
        assert mail is not None
        return mail.text.split("[TOKEN]")[1]

    return extract


@pytest.fixture
def mark() -> Callable[[str], str]:
    """Mark the token in a mail, so that a test can find it."""
    return "https://meter.example/[TOKEN]{}[TOKEN]".format


@pytest.fixture
def meanwhile(sessions: SessionFactory) -> Iterator[Callable[..., Future[object]]]:
    """Do something in a transaction of its own, up to where it waits for ours."""

    def work(call: Callable[..., object], *args: object, **kwargs: object) -> object:
        with sessions.begin() as session:
            return call(session, *args, **kwargs)

    with ThreadPoolExecutor(1) as pool:

        def start(call: Callable[..., object], *args: object, **kwargs: object) -> Future[object]:
            future = pool.submit(work, call, *args, **kwargs)
            until_it_waits(sessions, future)
            return future

        yield start


def until_it_waits(sessions: SessionFactory, future: Future[object]) -> None:
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with sessions() as session:
            if session.scalar(waiting):
                return
        assert not future.done(), future.result()
        time.sleep(0.005)
    pytest.fail("it does not wait")
