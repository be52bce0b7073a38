"""What a person needs to believe a failure: small, JSON-ready, and nothing of the user's secrets. Pure."""

from collections.abc import Sequence
from typing import Any

from emeter_checker.kinds.http import fields
from emeter_checker.kinds.http.tls import Certificate

_VALUE_MAX = 2048
_FIELDS_MAX = 8192
_TEXT_MAX = 1024
URL_MAX = 2048
BODY_MAX = 1024
"""Bytes of a body that are shown."""

_BLACK = "[hidden]"
# Shorter values, such as `1` or `*/*`, are no secrets and would be found everywhere.
_SECRET_MIN = 6
_EMPTY: tuple[object, ...] = ("", None, [], {}, 0)


def clean(text: str, most: int = _TEXT_MAX) -> str:
    """Text that JSON in PostgreSQL takes: no NUL, no lone surrogate, at most `most` characters."""
    return text[:most].replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def headers(lines: Sequence[bytes]) -> list[list[str]]:
    """The fields of the last answer, each value cut at 2 KiB, all of them at 8 KiB and 100 fields."""
    shown: list[list[str]] = []
    room = _FIELDS_MAX
    for line in fields.final_block(lines)[: fields.MAX_LINES]:
        name, _, value = line.partition(b":")
        pair = [name.strip()[:_VALUE_MAX].decode("latin-1"), value.strip()[:_VALUE_MAX].decode("latin-1")]
        room -= len(pair[0]) + len(pair[1])
        if room < 0:
            break
        shown.append([clean(part, _VALUE_MAX) for part in pair])
    return shown


def certificate(found: Certificate | None) -> dict[str, str]:
    """A certificate's names and end; empty where there is none."""
    if found is None:
        return {}
    ends = found.ends_at.isoformat() if found.ends_at else ""
    return {"subject": clean(found.subject), "issuer": clean(found.issuer), "ends_at": ends}


def without_secrets(shown: dict[str, Any], secrets: Sequence[str]) -> dict[str, Any]:
    """Leave out what is empty, make every text clean, and black out what the user sent in secret.

    Servers that echo a request would otherwise carry credentials into mails and status pages.
    """
    hidden = [secret for secret in secrets if len(secret) >= _SECRET_MIN]
    return {name: _shown(part, hidden) for name, part in shown.items() if part not in _EMPTY}


def _shown(part: Any, hidden: Sequence[str]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(part, str):
        for secret in hidden:
            part = part.replace(secret, _BLACK)
        return clean(part, URL_MAX)
    if isinstance(part, list):
        return [_shown(item, hidden) for item in part]
    if isinstance(part, dict):
        return {name: _shown(item, hidden) for name, item in part.items()}
    return part
