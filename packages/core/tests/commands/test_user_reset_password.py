"""`emeter user reset-password`: a link to hand over, or a password from stdin; all log-ins end either way."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from emeter_core.accounts import (
    User,
    UserToken,
    generate_user_session_token,
    get_user_by_email,
    get_user_by_reset_password_token,
    password,
    valid_password,
)
from emeter_core.outbox import Delivery
from emeter_core.settings import Settings
from emeter_core.testing.terminal import PASSWORD, Terminal
from emeter_storage.engine import DatabaseClock, make_engine

EMAIL, NEW = "me@example.com", "a good new password"
LINK = "http://localhost:8000/users/reset_password/"

WAY_ROUND = (
    "While others guess at this account, a new device gets in by the link that this command prints without"
    " --password-stdin, and not by the password alone."
)


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password, "ROUNDS", 4)


@pytest.fixture
def engine(mine: Terminal) -> Iterator[Engine]:
    made = make_engine(Settings.load().database, name="tests")
    yield made
    made.dispose()


@pytest.fixture
def me(engine: Engine) -> Callable[[Session], User]:
    """Who was made by the command, as they are now, with a log-in."""

    def find(session: Session) -> User:
        user = get_user_by_email(session, EMAIL)
        assert user is not None
        return user

    with Session(engine) as session, session.begin():
        now = DatabaseClock(engine).now()
        generate_user_session_token(session, find(session), device="curl/8", address=None, now=now)
    return find


def contexts(session: Session) -> list[str]:
    return sorted(session.scalars(select(UserToken.context)))


def test_it_prints_a_link_that_is_good_for_a_day_and_ends_all_log_ins(mine: Terminal, engine, me) -> None:
    told, link = mine.well("user", "reset-password", "ME@example.com").splitlines()

    assert told == "Logged me@example.com out everywhere. This link sets a new password, once, within a day:"
    assert link.startswith(LINK)
    token, now = link.removeprefix(LINK), DatabaseClock(engine).now()
    with Session(engine) as session:
        assert contexts(session) == ["reset_password"]
        assert get_user_by_reset_password_token(session, token, now=now) == me(session)
        tomorrow = now + timedelta(days=1)
        assert get_user_by_reset_password_token(session, token, now=tomorrow) is None
        # Until the link is used the old password is good.
        assert valid_password(me(session), PASSWORD)
        assert session.scalar(select(func.count()).select_from(Delivery)) == 0


def test_it_sets_the_password_on_stdin_and_ends_all_log_ins(mine: Terminal, engine, me) -> None:
    mine.well("user", "reset-password", EMAIL)
    said = mine.well("user", "reset-password", EMAIL, "--password-stdin", stdin=f"{NEW}\nnot this line\n")

    assert said.splitlines() == [
        "Set the password of me@example.com, and logged them out everywhere.",
        WAY_ROUND,
    ]
    with Session(engine) as session:
        assert contexts(session) == []
        assert valid_password(me(session), NEW)


def test_its_help_says_how_to_get_in_while_others_guess(mine: Terminal) -> None:
    assert WAY_ROUND in " ".join(mine.well("user", "reset-password", "--help").split())


def test_at_a_terminal_it_asks_twice(
    mine: Terminal, engine, me, at_a_terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, object]] = []

    def prompt(_words: str, **options: object) -> str:
        asked.append(options)
        return NEW

    monkeypatch.setattr("click.prompt", prompt)
    mine.well("user", "reset-password", EMAIL, "--password-stdin")
    assert asked == [{"hide_input": True, "confirmation_prompt": True}]
    with Session(engine) as session:
        assert valid_password(me(session), NEW)


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("", "There is no password on stdin."),
        ("\n", "password can't be blank"),
        ("short\n", "password should be at least 12 character(s)"),
        ("password1234\n", "password is too common: it is among those that are guessed first"),
        ("me@example.com\n", "password is too close to your email or to the name E-Meter"),
        ("\udcff" * 12, "The password on stdin is not valid UTF-8."),
    ],
)
def test_a_bad_password_changes_nothing(mine: Terminal, engine, me, typed: str, error: str) -> None:
    said = mine("user", "reset-password", EMAIL, "--password-stdin", stdin=typed)

    assert (said.code, said.out, said.err) == (1, "", f"Error: {error}\n")
    with Session(engine) as session:
        assert contexts(session) == ["session"]
        assert valid_password(me(session), PASSWORD)


@pytest.mark.parametrize("email", ["nobody@example.com", "", "no mail", "' OR 1=1 --"])
@pytest.mark.parametrize("options", [[], ["--password-stdin"]])
def test_an_unknown_email_is_told(mine: Terminal, email: str, options: list[str]) -> None:
    said = mine("user", "reset-password", email, *options, stdin=NEW)

    assert (said.code, said.out, said.err) == (1, "", f"Error: There is no user {email}.\n")
