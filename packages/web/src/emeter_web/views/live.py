"""The stream of what is new, for the pages that are open."""

import re
import uuid

from flask import current_app, g, request

from emeter_core.accounts import Seat
from emeter_core.errors import NotFound
from emeter_web.live.handover import EventStream
from emeter_web.live.setup import hub_of
from emeter_web.live.stream import Listener
from emeter_web.user_auth import current_token

_UUID = re.compile(r"[0-9a-f-]{36}")
# A page that shows more hears of all monitors.
_AT_MOST = 100


def stream(public_id: uuid.UUID) -> EventStream:
    """Go on telling what is new in a team: of the monitors that are named, or of all."""
    if public_id != g.scope.team.id:
        raise NotFound("They are no member of this team.")
    listener = Listener(
        Seat(current_token() or b"", public_id, g.scope.role),
        revision=request.args.get("revision", "")[:64],
        monitors=_monitors(request.args.get("monitors")),
    )
    return EventStream(hub_of(current_app), listener)


def _monitors(named: str | None) -> frozenset[str] | None:
    if named is None:
        return None
    ids = frozenset(_UUID.findall(named))
    return ids if len(ids) <= _AT_MOST else None
