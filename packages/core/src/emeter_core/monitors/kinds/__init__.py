"""The kinds of monitor: one file each, one entry in `KINDS` each."""

from emeter_core.monitors.kinds.base import Kind, KindSettings
from emeter_core.monitors.kinds.heartbeat import HEARTBEAT
from emeter_core.monitors.kinds.http import HTTP
from emeter_core.monitors.kinds.ping import PING
from emeter_core.monitors.kinds.tcp import TCP

KINDS: dict[str, Kind] = {kind.name: kind for kind in (HTTP, TCP, PING, HEARTBEAT)}
DEFAULT = HTTP.name

_BY_SCHEME = {scheme: kind.name for kind in KINDS.values() for scheme in kind.schemes}


def kind_of(target: str) -> str:
    """The kind of a target by what it begins with, as in `tcp://…`; `http` where that says nothing."""
    scheme, separator, _ = target.strip().partition("://")
    return _BY_SCHEME.get(scheme.lower(), DEFAULT) if separator else DEFAULT


__all__ = ["DEFAULT", "KINDS", "Kind", "KindSettings", "kind_of"]
