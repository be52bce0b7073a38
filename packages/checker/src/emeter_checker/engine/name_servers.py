"""The name servers that the system names, read again whenever it names others."""

import ipaddress
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

RESOLV_CONF = Path("/etc/resolv.conf")

EVERY_S = 1.0
"""Between two looks at the file."""


class NameServers:
    """Watches a file in the form of resolv.conf(5); a network that is joined or left rewrites it."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or RESOLV_CONF
        self._next_at = 0.0
        self._seen: tuple[int, ...] = (0,)

    def news(self, now: float) -> Sequence[str] | None:
        """The servers, if they may have changed since the last call; looked at once a second at most.

        `now` is of `time.monotonic()`.
        """
        if now < self._next_at:
            return None
        self._next_at = now + EVERY_S
        seen = self._look()
        if seen == self._seen:
            return None
        self._seen = seen
        text = ""
        with suppress(OSError):
            text = self._path.read_text("utf-8", "replace")
        return read_name_servers(text)

    def _look(self) -> tuple[int, ...]:
        try:
            found = os.stat(self._path)  # noqa: PTH116 - half the cost, once a second
        except OSError:
            return ()
        return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def read_name_servers(text: str) -> list[str]:
    """The addresses after `nameserver`, in their order; this machine where there is none, as in glibc."""
    found = []
    for line in text.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            with suppress(ValueError):
                ipaddress.ip_address(words[1].partition("%")[0])
                found.append(words[1])
    return found or ["127.0.0.1"]
