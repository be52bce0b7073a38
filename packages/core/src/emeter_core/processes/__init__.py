"""Processes: who runs, and the installation they belong to."""

from emeter_core.processes.installation import RESTORING, check_secret
from emeter_core.processes.instance import Instance
from emeter_core.processes.lateness import Histogram
from emeter_core.processes.presence import SEEN_EVERY_S, enlist, leave, list_processes, realign, report
from emeter_core.processes.process import Process

__all__ = [
    "RESTORING",
    "SEEN_EVERY_S",
    "Histogram",
    "Instance",
    "Process",
    "check_secret",
    "enlist",
    "leave",
    "list_processes",
    "realign",
    "report",
]
