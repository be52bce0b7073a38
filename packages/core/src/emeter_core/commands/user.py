"""`emeter user`: the people who can log in."""

import sys

import click
from sqlalchemy.orm import Session

from emeter_core.accounts import (
    User,
    change_user_password,
    get_user_by_email,
    issue_reset_password_token,
    prepare_password_reset,
    prepare_registration,
    register_user,
    reset_user_password,
    scope_of,
)
from emeter_core.commands.edge import Edge
from emeter_core.commands.prompts import is_at_terminal, require_terminal
from emeter_core.errors import Invalid, NotFound
from emeter_storage.errors import UserError

# Web counts guesses in a Redis that this command need not reach, and a password takes back none of them.
_WHILE_OTHERS_GUESS = (
    "While others guess at this account, a new device gets in by the link that this command prints without"
    " --password-stdin, and not by the password alone."
)


@click.group()
def user() -> None:
    """Look after the people who can log in."""


@user.command()
@click.argument("email")
@click.option(
    "--password-stdin",
    is_flag=True,
    help="Read the password from the first line of stdin; at a terminal it is asked for twice.",
)
def create(email: str, *, password_stdin: bool) -> None:
    """Create a user with EMAIL and a team of their own; asks for the password twice."""
    edge = Edge()
    # Checked and hashed before the transaction is open: a hash takes a quarter of a second.
    registration = prepare_registration(email, _password(email, from_stdin=password_stdin))
    with edge.transaction() as (session, now):
        made = register_user(session, registration, now=now)
        team = scope_of(session, made).team
        lines = (f"Created the user {made.email}", f"with the team {team.name!r} ({team.id}).")
    click.echo(" ".join(lines))


@user.command("reset-password", epilog=_WHILE_OTHERS_GUESS)
@click.argument("email")
@click.option(
    "--password-stdin",
    is_flag=True,
    help="Set the password on the first line of stdin; at a terminal it is asked for twice.",
)
def reset_password(email: str, *, password_stdin: bool) -> None:
    """Log the user with EMAIL out everywhere, and print a link that sets a new password within a day."""
    edge = Edge()
    if password_stdin:
        _set_password(edge, email)
    else:
        _print_link(edge, email)


def _print_link(edge: Edge, email: str) -> None:
    with edge.transaction() as (session, now):
        found = _find(session, email)
        token = issue_reset_password_token(session, found, now=now)
        told = f"Logged {found.email} out everywhere. This link sets a new password, once, within a day:"
    click.echo(told)
    click.echo(f"{edge.settings.base_url}/users/reset_password/{token}")


def _set_password(edge: Edge, email: str) -> None:
    with edge.transaction() as (session, _now):
        found = _find(session, email)
    typed = _typed()
    # Outside of the transaction, for it hashes.
    change = prepare_password_reset(found, change_user_password(found, {"password": typed}))
    with edge.transaction() as (session, now):
        reset_user_password(session, change, now=now)
    click.echo(f"Set the password of {found.email}, and logged them out everywhere.")
    click.echo(_WHILE_OTHERS_GUESS)


def _find(session: Session, email: str) -> User:
    found = get_user_by_email(session, email)
    if found is None:
        raise NotFound(f"There is no user {email}.")
    return found


def _password(email: str, *, from_stdin: bool) -> str:
    if not from_stdin:
        require_terminal("for the password", "--password-stdin")
    if is_at_terminal():
        _require_good_email(email)
    return _typed()


def _typed() -> str:
    """The password: asked for twice where somebody is there to be asked, else what is on stdin."""
    if not is_at_terminal():
        return _password_on_stdin()
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


def _require_good_email(email: str) -> None:
    """Raise Invalid where the e-mail is wrong, so that nobody types a password in vain."""
    try:
        # A blank password is refused before anything is hashed.
        prepare_registration(email, "")
    except Invalid as error:
        if "email" in error.fields:
            raise Invalid({"email": error.fields["email"]}) from None


def _password_on_stdin() -> str:
    # Bytes, for what the locale makes of them would be another password than a browser sends.
    line = sys.stdin.buffer.readline() if sys.stdin else b""
    if not line:
        raise UserError("There is no password on stdin.")
    try:
        return line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise UserError("The password on stdin is not valid UTF-8.") from None
