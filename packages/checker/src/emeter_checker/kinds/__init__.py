"""How each kind of monitor is checked: one package each, one entry in `PROBES` each."""

from emeter_checker.kinds.base import Probe
from emeter_checker.kinds.http import HttpProbe
from emeter_checker.kinds.ping import PingProbe
from emeter_checker.kinds.tcp import TcpProbe

PROBES: dict[str, type[Probe]] = {probe.kind: probe for probe in (HttpProbe, TcpProbe, PingProbe)}

__all__ = ["PROBES"]
