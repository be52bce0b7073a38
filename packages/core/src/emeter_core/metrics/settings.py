"""Where processes tell their metrics, and to whom."""

from collections.abc import Iterator
from typing import NamedTuple

MOST_WORKERS = 64
"""So many workers are the most that `emeter up` and `emeter worker` run."""

PORTS = MOST_WORKERS + 16
"""From EMETER_METRICS_PORT on these are ours: whose port is taken takes the next free one of them.

One for each worker, and some for scheduler, sender, the pages, and whoever else listens there.
"""


class Address(NamedTuple):
    """Where somebody listens."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class MetricsSettings(NamedTuple):
    """Host, first port (0: nobody listens) and the token that others than this machine need.

    `pages` is the port of the web server, which may start last and must still find it free.
    """

    host: str = "127.0.0.1"
    port: int = 0
    token: str = ""
    pages: int = 0

    def addresses(self, first: int = 0) -> Iterator[Address]:
        """Where a process may listen, beginning with the port that is its own by habit."""
        if self.port:
            ports = (self.port + (first + turn) % PORTS for turn in range(PORTS))
            yield from (Address(self.host, port) for port in ports if port != self.pages)


NOWHERE = MetricsSettings()
"""Metrics that nobody is told."""
