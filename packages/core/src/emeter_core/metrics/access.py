"""Who may read metrics. Pure."""

import hmac
from enum import Enum

_BEARER = "bearer "


class Access(Enum):
    """Whether somebody may read, with the status of HTTP where not."""

    GRANTED = 200
    NEEDS_TOKEN = 401
    NOT_HERE = 404

    @property
    def words(self) -> str:
        """What to say to somebody who may not."""
        return _WORDS[self]


_WORDS = {
    Access.GRANTED: "",
    Access.NEEDS_TOKEN: "Send the token of EMETER_METRICS_TOKEN: 'Authorization: Bearer <token>'.",
    Access.NOT_HERE: "Metrics are told on the machine of E-Meter alone, as EMETER_METRICS_TOKEN is not set.",
}


def access(*, is_here: bool, authorization: str, token: str) -> Access:
    """Let in who sits at this machine, and who brings the token, if there is one."""
    if is_here:
        return Access.GRANTED
    if not token:
        return Access.NOT_HERE
    # As bytes: text outside ASCII has no comparison in constant time.
    same = hmac.compare_digest(token_in(authorization).encode("utf-8", "replace"), token.encode())
    return Access.GRANTED if same else Access.NEEDS_TOKEN


def token_in(authorization: str) -> str:
    """The token of a header `Authorization: Bearer ...`; empty where it is another or none."""
    if authorization[: len(_BEARER)].lower() != _BEARER:
        return ""
    return authorization[len(_BEARER) :].strip()
