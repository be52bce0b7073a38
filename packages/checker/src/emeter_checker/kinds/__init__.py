"""How each kind of monitor is checked: one package each, one entry in `PROBES` each."""

from emeter_checker.kinds.base import Probe
from emeter_checker.kinds.http import HttpProbe

PROBES: dict[str, type[Probe]] = {probe.kind: probe for probe in (HttpProbe,)}

__all__ = ["PROBES"]
