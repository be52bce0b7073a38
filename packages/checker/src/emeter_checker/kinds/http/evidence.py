"""What evidence of the `http` kind has of its own: the header of the answer, what came of the body. Pure."""

from collections.abc import Sequence

from emeter_checker.kinds.evidence import VALUE_MAX
from emeter_checker.kinds.hider import BLACK
from emeter_checker.kinds.http import fields
from emeter_checker.kinds.http.body import Body

_FIELDS_MAX = 8192
_COOKIES = frozenset({"set-cookie", "set-cookie2"})


def headers(lines: Sequence[bytes]) -> list[list[str]]:
    """The fields of the last answer, as many as 100 fields and 8 KiB hold if each is cut at 2 KiB.

    They are cut at twice that here, so that a secret at the cut is whole when it is looked for. Of a cookie
    the value is left out: with it anybody could go on with the session that the check was given.
    """
    shown: list[list[str]] = []
    room = _FIELDS_MAX
    for line in fields.final_block(lines)[: fields.MAX_LINES]:
        name, _, value = line.partition(b":")
        pair = [part.strip()[: 2 * VALUE_MAX].decode("latin-1") for part in (name, value)]
        if pair[0].lower() in _COOKIES:
            pair[1] = _without_value(pair[1])
        room -= sum(min(len(part), VALUE_MAX) for part in pair)
        if room < 0:
            break
        shown.append(pair)
    return shown


def received(body: Body) -> dict[str, int]:
    """How many bytes of a body came, as they were sent, and of how many its header speaks."""
    announced = [int(value) for value in fields.values(body.lines, b"content-length") if value.isdigit()]
    return {"bytes": body.raw, **({"of": announced[0]} if announced else {})}


def _without_value(cookie: str) -> str:
    pair, semicolon, attributes = cookie.partition(";")
    # One without a name is a value.
    name, equals, value = pair.partition("=") if "=" in pair else ("", "", pair)
    return f"{name}{equals}{BLACK if value else ''}{semicolon}{attributes}"
