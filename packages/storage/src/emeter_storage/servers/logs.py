"""The log files of the servers."""

import os
from pathlib import Path

_MOST = 10 * 1024 * 1024
_TAIL = 8192


class Log:
    """A log file that a child writes and whose end we read; over 10 MB it becomes `<name>.1` at a start."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start = 0

    def open(self) -> int:
        """Return a descriptor to append to, and remember the place; the caller closes it."""
        if self.path.exists() and self.path.stat().st_size > _MOST:
            self.path.replace(self.path.with_name(f"{self.path.name}.1"))
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._start = os.fstat(file).st_size
        return file

    def news(self, lines: int = 5) -> str:
        """Return the last lines written since `open`, joined to one for a message."""
        with self.path.open("rb") as file:
            file.seek(max(self._start, file.seek(0, os.SEEK_END) - _TAIL))
            text = file.read().decode("utf-8", "replace")
        return " | ".join([line.strip() for line in text.splitlines() if line.strip()][-lines:])
