"""What a person needs to believe a failure: small, JSON-ready, and nothing of the user's secrets. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any

from emeter_checker.kinds.http import fields
from emeter_checker.kinds.http.body import Body
from emeter_checker.kinds.http.secrets import BLACK, Hider
from emeter_checker.kinds.http.tls import Certificate

_VALUE_MAX = 2048
_FIELDS_MAX = 8192
_TEXT_MAX = 1024
BODY_MAX = 1024
"""Characters of a body that are shown."""
BODY_READ = 2 * BODY_MAX
"""Bytes of a body in which secrets are looked for: before the cut, or half of one would remain."""

# Texts that may end anywhere, because the server, the cap or the deadline cut them off.
_CUT = frozenset({"body", "error"})
_COOKIES = frozenset({"set-cookie", "set-cookie2"})
_EMPTY: tuple[object, ...] = ("", None, [], {}, 0)


def clean(text: str, most: int = _TEXT_MAX) -> str:
    """Text that JSON in PostgreSQL takes: no NUL, no lone surrogate, at most `most` characters."""
    return text[:most].replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def headers(lines: Sequence[bytes]) -> list[list[str]]:
    """The fields of the last answer, as many as 100 fields and 8 KiB hold if each is cut at 2 KiB.

    They are cut at twice that here, so that a secret at the cut is whole when it is looked for. Of a cookie
    the value is left out: with it anybody could go on with the session that the check was given.
    """
    shown: list[list[str]] = []
    room = _FIELDS_MAX
    for line in fields.final_block(lines)[: fields.MAX_LINES]:
        name, _, value = line.partition(b":")
        pair = [part.strip()[: 2 * _VALUE_MAX].decode("latin-1") for part in (name, value)]
        if pair[0].lower() in _COOKIES:
            pair[1] = _without_value(pair[1])
        room -= sum(min(len(part), _VALUE_MAX) for part in pair)
        if room < 0:
            break
        shown.append(pair)
    return shown


def _without_value(cookie: str) -> str:
    pair, semicolon, attributes = cookie.partition(";")
    # One without a name is a value.
    name, equals, value = pair.partition("=") if "=" in pair else ("", "", pair)
    return f"{name}{equals}{BLACK if value else ''}{semicolon}{attributes}"


def certificate(found: Certificate | None) -> dict[str, str]:
    """A certificate's names and end; empty where there is none."""
    if found is None:
        return {}
    ends = found.ends_at.isoformat() if found.ends_at else ""
    return {"subject": clean(found.subject), "issuer": clean(found.issuer), "ends_at": ends}


def received(body: Body) -> dict[str, int]:
    """How many bytes of a body came, as they were sent, and of how many its header speaks."""
    announced = [int(value) for value in fields.values(body.lines, b"content-length") if value.isdigit()]
    return {"bytes": body.raw, **({"of": announced[0]} if announced else {})}


def without_secrets(shown: dict[str, Any], secrets: Iterable[str]) -> dict[str, Any]:
    """Leave out what is empty, black out what the user sent in secret, cut every text and make it clean.

    Servers that echo a request would otherwise carry credentials into mails and status pages.
    """
    hider = Hider(secrets)
    return {name: _shown(part, hider, name) for name, part in shown.items() if part not in _EMPTY}


def _shown(part: Any, hider: Hider, name: str = "") -> Any:  # noqa: ANN401 - JSON
    if isinstance(part, str):
        most = BODY_MAX if name == "body" else _VALUE_MAX
        return clean(hider.hide(part, cut=name in _CUT or len(part) > most), most)
    if isinstance(part, list):
        return [_shown(item, hider) for item in part]
    if isinstance(part, dict):
        return {key: _shown(item, hider, key) for key, item in part.items()}
    return part
