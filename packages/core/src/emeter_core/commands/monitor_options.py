"""The options that describe a monitor, and its mistakes told by the names of the options."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from emeter_core.errors import Invalid

_F = TypeVar("_F", bound=Callable[..., Any])

_DRAFT = ("name", "interval", "timeout", "down_after", "up_after")
# Fields whose option has another name.
_OPTIONS = {
    "url": "URL",
    "headers": "--header",
    "expected_codes": "--expect",
    "ip_family": "--ipv4/--ipv6",
    "verify_tls": "--no-verify",
    "settings": "--method and --body:",
}


def _headers(
    _ctx: click.Context, _param: click.Parameter, texts: tuple[str, ...]
) -> list[tuple[str, str]] | None:
    """Read `Name: value`; the text is not repeated in the error, for it may be a secret."""
    headers = []
    for number, text in enumerate(texts, 1):
        name, colon, value = text.partition(":")
        if not colon or not name.strip():
            raise click.BadParameter(f"number {number} is no header: write 'Name: value'.")
        headers.append((name.strip(), value.strip()))
    return headers or None


def _upper(_ctx: click.Context, _param: click.Parameter, text: str | None) -> str | None:
    return text and text.strip().upper()


# What is not given stays None: `add` takes the default, `edit` what is there.
_DESCRIPTION = (
    click.option("--name", help="What people call it (default: the host)."),
    click.option("--interval", type=int, metavar="SECONDS", help="Time between checks (default: 60)."),
    click.option("--timeout", type=int, metavar="SECONDS", help="From look-up to last byte (default: 10)."),
    click.option("--method", callback=_upper, help="GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS."),
    click.option("--header", "headers", multiple=True, callback=_headers, help="'Name: value'; repeatable."),
    click.option("--body", help="What is sent."),
    click.option("--expect", "expected_codes", metavar="CODES", help="Codes that are well: 200-299,301."),
    click.option("--keyword", help="Text that the body must hold."),
    click.option("--keyword-absent/--keyword-present", default=None, help="It must not hold it instead."),
    click.option("--max-redirects", type=int, metavar="COUNT", help="0 follows none (default: 10)."),
    click.option("--ipv4", "ip_family", flag_value="ipv4", default=None, help="Dial IPv4 addresses only."),
    click.option("--ipv6", "ip_family", flag_value="ipv6", default=None, help="Dial IPv6 addresses only."),
    click.option("--any-ip", "ip_family", flag_value="any", default=None, help="Dial either (default)."),
    click.option("--verify/--no-verify", "verify_tls", default=None, help="Must the certificate be good?"),
    click.option("--down-after", type=int, metavar="COUNT", help="Failures that make it down (default: 3)."),
    click.option("--up-after", type=int, metavar="COUNT", help="Successes that end it (default: 2)."),
)


def described(command: _F) -> _F:
    """Give a command the options that describe a monitor."""
    for option in reversed(_DESCRIPTION):
        command = option(command)
    return command


def split(given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part what was given into fields of the monitor and settings of its kind; leave out what was not."""
    chosen = {name: value for name, value in given.items() if value is not None}
    fields = {name: chosen.pop(name) for name in _DRAFT if name in chosen}
    return fields, chosen


@contextmanager
def told_by_option() -> Iterator[None]:
    """Name the option in what is wrong with the fields inside the block."""
    try:
        yield
    except Invalid as error:
        raise Invalid({_option(field): messages for field, messages in error.fields.items()}) from None


def _option(field: str) -> str:
    return _OPTIONS.get(field) or f"--{field.replace('_', '-')}"
