"""Who can be scraped: the processes seen lately that said where they tell their metrics."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import NamedTuple

from sqlalchemy.orm import Session

from emeter_core.metrics.settings import Address
from emeter_core.processes import list_processes

_SEEN_WITHIN = timedelta(seconds=30)


class Target(NamedTuple):
    """A process that tells its metrics; `address` is `host:port` as its own machine knows it."""

    address: str
    process: str
    host: str


def targets(session: Session, *, now: datetime) -> Sequence[Target]:
    """All that can be scraped, web servers aside: those are not in the table of processes."""
    found = []
    for process in list_processes(session):
        told = process.info.get("metrics")
        if process.seen_at >= now - _SEEN_WITHIN and isinstance(told, dict):
            host, port = str(told.get("host", "")), int(told.get("port", 0))
            address = Address(process.host if _is_any(host) else host, port)
            found.append(Target(str(address), process.name, process.host))
    return sorted(found, key=lambda target: (target.process, target.address))


def _is_any(host: str) -> bool:
    """Whether that is every address of the machine, so that others find it by its name."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False
