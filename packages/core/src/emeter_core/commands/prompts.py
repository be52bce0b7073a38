"""Questions to the person at the terminal, where there is one."""

import sys

from emeter_storage.errors import UserError


def require_terminal(what: str, instead: str) -> None:
    """Raise UserError where nobody is there to be asked for `what`; `instead` is what to type then."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise UserError(f"There is no terminal to ask {what}: use {instead}.")
