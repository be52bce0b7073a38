"""Where a team wants to be told, checked before anything is written."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from emeter_core.errors import Invalid
from emeter_core.monitors.kinds.http import clean_url
from emeter_core.outbox.channel import ChannelKind

_EMAIL = re.compile(r"[^@,;\s]+@[^@,;\s]+")
# As of the e-mails of users: accounts.md, part 1, section 5.
_MAX_EMAIL = 160


@dataclass(frozen=True, slots=True)
class ChannelDraft:
    """A channel as it would be, valid."""

    kind: ChannelKind
    target: str


def draft_channel(kind: ChannelKind | str, target: str) -> ChannelDraft:
    """Check the address of a mail channel or the URL of a webhook.

    Raises Invalid, at the field `email` or `url`.
    """
    try:
        known = ChannelKind(kind)
    except ValueError:
        raise Invalid({"kind": [f"is unknown: there is {' and '.join(ChannelKind)}"]}) from None
    field, clean = _TARGETS[known]
    if not target.strip():
        raise Invalid({field: ["can't be blank"]})
    try:
        return ChannelDraft(known, clean(target))
    except ValueError as error:
        raise Invalid({field: [str(error)]}) from None


def _clean_email(text: str) -> str:
    email = text.strip()
    if len(email) > _MAX_EMAIL:
        raise ValueError(f"should be at most {_MAX_EMAIL} character(s)")
    if not _EMAIL.fullmatch(email) or not email.isprintable():
        raise ValueError("must have the @ sign and no spaces")
    return email


_TARGETS: Mapping[ChannelKind, tuple[str, Callable[[str], str]]] = MappingProxyType(
    {ChannelKind.MAIL: ("email", _clean_email), ChannelKind.WEBHOOK: ("url", clean_url)}
)
