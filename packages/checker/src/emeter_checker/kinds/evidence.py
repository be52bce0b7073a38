"""What a person needs to believe a failure: small, JSON-ready, and nothing of the user's secrets. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from emeter_checker.kinds.hider import Hider

VALUE_MAX = 2048
_TEXT_MAX = 1024
BODY_MAX = 1024
"""Characters of a body that are shown."""
BODY_READ = 2 * BODY_MAX
"""Bytes of a body in which secrets are looked for: before the cut, or half of one would remain."""

# Texts that may end anywhere, because the server, the cap or the deadline cut them off.
_CUT = frozenset({"body", "error"})
_EMPTY: tuple[object, ...] = ("", None, [], {}, 0)


class Certificate(NamedTuple):
    """The certificate of a server: its subject and issuer as OpenSSL writes them, and its last second."""

    subject: str
    issuer: str
    ends_at: datetime | None


def clean(text: str, most: int = _TEXT_MAX) -> str:
    """Text that JSON in PostgreSQL takes: no NUL, no lone surrogate, at most `most` characters."""
    return text[:most].replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def certificate(found: Certificate | None) -> dict[str, str]:
    """A certificate's names and end; empty where there is none."""
    if found is None:
        return {}
    ends = found.ends_at.isoformat() if found.ends_at else ""
    return {"subject": clean(found.subject), "issuer": clean(found.issuer), "ends_at": ends}


def without_secrets(shown: dict[str, Any], secrets: Iterable[str]) -> dict[str, Any]:
    """Leave out what is empty, black out what the user sent in secret, cut every text and make it clean.

    Servers that echo a request would otherwise carry credentials into mails and status pages.
    """
    hider = Hider(secrets)
    return {name: _shown(part, hider, name) for name, part in shown.items() if part not in _EMPTY}


def _shown(part: Any, hider: Hider, name: str = "") -> Any:  # noqa: ANN401 - JSON
    if isinstance(part, str):
        most = BODY_MAX if name == "body" else VALUE_MAX
        return clean(hider.hide(part, cut=name in _CUT or len(part) > most), most)
    if isinstance(part, list):
        return [_shown(item, hider) for item in part]
    if isinstance(part, dict):
        return {key: _shown(item, hider, key) for key, item in part.items()}
    return part
