"""Whether it is us who were asked: what reads cookies answers for the host of BASE_URL and for this machine.

A page of another site may have its name lead to our address (DNS rebinding): to the browser that site and we
are one then, and it could register, log in and read. It cannot do so by a name that is not its own.
"""

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from flask import Request

from emeter_web import db

_LOCALHOST = "localhost"
_PORTS = {"http": 80, "https": 443}


def name_of(request: Request) -> str:
    """The host that was asked, without its port; empty where none was told that is one."""
    try:
        return _name(urlsplit(f"//{request.host}"))
    except ValueError:
        return ""


def is_ours(request: Request) -> bool:
    """Whether the host that was asked is that of BASE_URL, an IP address, or a machine's name for itself."""
    name = name_of(request)
    return (
        name == _name(urlsplit(db.settings().base_url))
        or name == _LOCALHOST
        or name.endswith(f".{_LOCALHOST}")
        or _is_address(name)
    )


def is_our_origin(origin: str, request: Request) -> bool:
    """Whether a page of this origin is ours: of BASE_URL, or of the host that was asked.

    Where BASE_URL is https, no page by http is: anybody on the way could have written it. Of the host that
    was asked a page by https is ours all the same, for a proxy need not tell by what scheme it was asked.
    """
    base = urlsplit(db.settings().base_url)
    try:
        told = urlsplit(origin)
        asked = urlsplit(f"{told.scheme}://{request.host}")
        return told.scheme in {"https", base.scheme} and _place(told) in {_place(base), _place(asked)}
    except ValueError:
        return False


def _place(url: SplitResult) -> tuple[str, int | None]:
    return _name(url), url.port or _PORTS.get(url.scheme)


def _name(url: SplitResult) -> str:
    """The name as browsers send it."""
    name = (url.hostname or "").removesuffix(".")
    try:
        return name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        return name


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
