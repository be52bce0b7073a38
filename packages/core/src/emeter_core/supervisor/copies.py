"""Several processes of one kind from one command."""

import os
import sys

from emeter_core.settings import Settings
from emeter_core.supervisor.console import Console
from emeter_core.supervisor.spec import ProcessSpec
from emeter_core.supervisor.supervisor import Supervisor
from emeter_core.supervisor.unit import ProcessUnit

# What they log comes as events; the console makes of them what whoever reads us wants. Of several processes
# each is a child of ours: none has any of its own.
CHILDREN = {"PYTHONUNBUFFERED": "1", "EMETER_LOG": "json", "EMETER_PROCESSES": "1"}


def run_copies(spec: ProcessSpec, count: int, settings: Settings) -> None:
    """Keep so many copies of a process running until a signal asks for the end; what dies is restarted."""
    specs = spec.copies(count)
    console = Console(sys.stdout, [each.name for each in specs], settings.log)
    supervisor = Supervisor(console)
    with supervisor.until_stopped():
        supervisor.keep(ProcessUnit(each, console, os.environ | CHILDREN) for each in specs)
        supervisor.wait_for_wish()
    console.flush()
