"""How far a long work is: one line that changes at a terminal, silence elsewhere."""

import sys
import time

_EVERY_S = 0.2
_SURE_AFTER_S = 2.0
_UNITS = ("B", "kB", "MB", "GB", "TB")
_STEP = 1000


class Progress:
    """Tells on standard error how far the work is, where a person sees it."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._is_shown = sys.stderr is not None and sys.stderr.isatty()
        self._began = time.monotonic()
        self._told = 0.0

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._began

    def tell(self, part: float, note: str) -> None:
        """Say that `part` (0 to 1) is done, with a note such as the name of a table."""
        now = time.monotonic()
        if not self._is_shown or now - self._told < _EVERY_S:
            return
        self._told = now
        part = min(max(part, 0.0), 1.0)
        left = ""
        if part and self.seconds > _SURE_AFTER_S:
            left = f", {self.seconds * (1 - part) / part:.0f} s left"
        self._write(f"{self._what}: {part:4.0%} ({note}{left})")

    def end(self) -> None:
        """Wipe the line away."""
        if self._is_shown and self._told:
            self._write("")

    def _write(self, line: str) -> None:
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()


def shown_size(size: float) -> str:
    """A number of bytes as people read it: `1.4 MB`."""
    for unit in _UNITS:
        if size < _STEP or unit == _UNITS[-1]:
            break
        size /= _STEP
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
