"""The options that describe a monitor, and its mistakes told by the names of the options."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from emeter_core.errors import Invalid
from emeter_core.monitors.kinds import KINDS

_F = TypeVar("_F", bound=Callable[..., Any])

_Decorator = Callable[[Any], Any]

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
_FLAGS = {"ipv4": "--ipv4", "ipv6": "--ipv6", "any": "--any-ip"}


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


def _family(ctx: click.Context, param: click.Parameter, chosen: bool) -> None:  # noqa: FBT001 - click's signature
    """Take one of the flags for `ip_family`; two of them cannot both be meant."""
    if not chosen:
        return
    family = str(param.name)
    before = ctx.params.setdefault("ip_family", family)
    if before != family:
        raise click.UsageError(f"{_FLAGS[before]} and {_FLAGS[family]} exclude each other.", ctx)


def _family_flag(name: str, text: str) -> _Decorator:
    return click.option(_FLAGS[name], name, is_flag=True, expose_value=False, callback=_family, help=text)


def _upper(_ctx: click.Context, _param: click.Parameter, text: str | None) -> str | None:
    return text and text.strip().upper()


# What is not given stays None: the default is taken, or by `edit` what is there.
_REQUEST = (
    click.option("--timeout", type=int, metavar="SECONDS", help="From look-up to last byte (default: 10)."),
    click.option(
        "--method", callback=_upper, help="GET (default), HEAD, POST, PUT, PATCH, DELETE or OPTIONS."
    ),
    click.option("--header", "headers", multiple=True, callback=_headers, help="'Name: value'; repeatable."),
    click.option("--body", help="What is sent."),
    click.option(
        "--expect",
        metavar="CODES|TEXT",
        help="http: codes that are well, 301,302 (default: 200-299); tcp: text that must come.",
    ),
    click.option("--keyword", help="Text that the body must hold."),
    click.option("--keyword-absent/--keyword-present", default=None, help="It must not hold it instead."),
    click.option("--max-redirects", type=int, metavar="COUNT", help="0 follows none (default: 10)."),
    _family_flag("ipv4", "Dial IPv4 addresses only."),
    _family_flag("ipv6", "Dial IPv6 addresses only."),
    _family_flag("any", "Dial either (default)."),
    click.option("--verify/--no-verify", "verify_tls", default=None, help="Must the certificate be good?"),
    click.option("--tls/--no-tls", default=None, help="tcp: shake hands for TLS first."),
    click.option(
        "--send", metavar="TEXT", help=r"tcp: what is sent; \r \n \t \0 \\ \x1f are escapes, in --expect too."
    ),
    click.option("--packets", type=int, metavar="COUNT", help="ping: packets that are sent (default: 3)."),
    click.option("--max-loss", type=int, metavar="PERCENT", help="ping: what may be lost (default: 50)."),
)
_HEARTBEAT = (
    click.option(
        "--period", metavar="LENGTH", help="heartbeat: expected every so often, like '5 min', '1 d'."
    ),
    click.option("--schedule", metavar="CRON", help="heartbeat: expected by five fields, like '0 3 * * *'."),
    click.option("--time-zone", metavar="NAME", help="heartbeat: that of the schedule (default: UTC)."),
    click.option("--grace", metavar="LENGTH", help="heartbeat: so much later it is missing (default: 1 h)."),
    click.option(
        "--longest-run", metavar="LENGTH", help="heartbeat: from start to end (default: the grace)."
    ),
)
_DESCRIPTION = (
    click.option("--name", help="What people call it (default: the host)."),
    click.option("--interval", type=int, metavar="SECONDS", help="Time between checks (default: 60)."),
    *_REQUEST,
    *_HEARTBEAT,
    click.option(
        "--down-after",
        type=int,
        metavar="COUNT",
        help="Failures that make it down (default: 3, heartbeat: 1).",
    ),
    click.option(
        "--up-after", type=int, metavar="COUNT", help="Successes that end it (default: 2, heartbeat: 1)."
    ),
)


def described(command: _F) -> _F:
    """Give a command the options that describe a monitor."""
    return _with(_DESCRIPTION, command)


def requesting(command: _F) -> _F:
    """Give a command those of them that say how one check asks, and what it expects."""
    return _with(_REQUEST, command)


def _with(options: Iterable[_Decorator], command: _F) -> _F:
    for option in reversed(tuple(options)):
        command = option(command)
    return command


def split(given: dict[str, Any], kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part what was given into fields of the monitor and settings of its kind; leave out what was not."""
    chosen = {name: value for name, value in given.items() if value is not None}
    fields = {name: chosen.pop(name) for name in _DRAFT if name in chosen}
    names = KINDS[kind].options if kind in KINDS else {}
    return fields, {names.get(name, name): value for name, value in chosen.items()}


@contextmanager
def told_by_option(begins: str = "") -> Iterator[None]:
    """Name the option in what is wrong with the fields inside the block.

    `begins` is a URL whose begin tells the kind: where it is that of none, all that there are are named.
    """
    try:
        yield
    except Invalid as error:
        fields = dict(error.fields)
        if "url" in fields and _is_of_no_kind(begins):
            *most, last = _schemes()
            fields["url"] = [f"must start with {', '.join(most)} or {last}"]
        raise Invalid({_option(field): messages for field, messages in fields.items()}) from None


def _is_of_no_kind(url: str) -> bool:
    typed = url.strip().lower()
    # What is wrong with `http:x` is no beginning.
    return bool(typed) and not typed.startswith((*_schemes(), "http:", "https:", "heartbeat://"))


def _schemes() -> list[str]:
    return [f"{scheme}://" for kind in KINDS.values() if kind.is_polled for scheme in kind.schemes]


def _option(field: str) -> str:
    return _OPTIONS.get(field) or f"--{field.replace('_', '-')}"
