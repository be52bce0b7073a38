"""What the page of a check shows of each kind: one file each, one entry in `SHOWN` each."""

from emeter_core.monitors.kinds import kind_of
from emeter_web.shown.kinds.base import ShownKind
from emeter_web.shown.kinds.heartbeat import ShownHeartbeat
from emeter_web.shown.kinds.http import ShownHttp
from emeter_web.shown.kinds.ping import ShownPing
from emeter_web.shown.kinds.tcp import ShownTcp

SHOWN: dict[str, ShownKind] = {
    "http": ShownHttp(),
    "tcp": ShownTcp(),
    "ping": ShownPing(),
    "heartbeat": ShownHeartbeat(),
}


def shown_kind(target: str) -> ShownKind:
    """How checks of this target are shown: evidence outlives the settings that it was gathered by."""
    return SHOWN[kind_of(target)]
