"""The kinds of monitor: one file each, one entry in `KINDS` each."""

from emeter_core.monitors.kinds.base import Kind, KindSettings
from emeter_core.monitors.kinds.http import HTTP

KINDS: dict[str, Kind] = {kind.name: kind for kind in (HTTP,)}

__all__ = ["KINDS", "Kind", "KindSettings"]
