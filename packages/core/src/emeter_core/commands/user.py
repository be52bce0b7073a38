"""`emeter user`: the people who can log in."""

import sys

import click

from emeter_core.accounts import prepare_registration, register_user, scope_of
from emeter_core.commands.edge import Edge
from emeter_core.commands.prompts import require_terminal
from emeter_core.errors import Invalid
from emeter_storage.errors import UserError


@click.group()
def user() -> None:
    """Look after the people who can log in."""


@user.command()
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of stdin.")
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


def _password(email: str, *, from_stdin: bool) -> str:
    if from_stdin:
        return _password_on_stdin()
    require_terminal("for the password", "--password-stdin")
    _require_good_email(email)
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
    line = sys.stdin.buffer.readline()
    if not line:
        raise UserError("There is no password on stdin.")
    try:
        return line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise UserError("The password on stdin is not valid UTF-8.") from None
