"""Questions to the person at the terminal, where there is one."""

import sys

from emeter_storage.errors import UserError


def is_at_terminal() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


def require_terminal(what: str, instead: str) -> None:
    """Raise UserError where nobody is there to be asked for `what`; `instead` is what to type then."""
    if not is_at_terminal():
        raise UserError(f"There is no terminal to ask {what}: use {instead}.")
