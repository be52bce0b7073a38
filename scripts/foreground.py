"""Run a command for make, and end it when make ends, however that comes about.

Make hands on SIGTERM to its recipe, but not SIGINT or SIGHUP when they reach make alone (it takes them to
have come from a terminal, which signals all), and a make that is killed cannot hand on anything. The command
gets a process group of its own, so that a terminal's Ctrl-C reaches it once, through here.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

_PR_SET_PDEATHSIG = 1
_STOPS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
# After that many signals a person has lost patience.
_PATIENCE = 2
_LOOK_AT_MAKE = 0.5  # seconds


def run(command: Sequence[str], stop: signal.Signals = signal.SIGTERM) -> int:
    """Run the command and return its exit code; raise SystemExit once it is gone if we were told to stop.

    `stop` is what the command is sent, whatever signal came in.
    """
    die_with_parent()
    make = _Make(os.getppid())
    child = subprocess.Popen(command, process_group=0, preexec_fn=die_with_parent)  # noqa: PLW1509 - no threads here
    received: list[int] = []

    def hand_on(signum: int, _frame: FrameType | None = None) -> None:
        received.append(signum)
        # It may be gone already.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, stop if len(received) <= _PATIENCE else signal.SIGKILL)

    with _handled_by(hand_on):
        code = None
        while code is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = child.wait(_LOOK_AT_MAKE)
            if code is None and not received and make.is_stopping():
                hand_on(signal.SIGTERM)
    code = code if code >= 0 else 128 - code
    if received:
        raise SystemExit(code)
    return code


def die_with_parent() -> None:
    """Ask the kernel for a SIGTERM when our parent dies; elsewhere than on Linux `is_stopping` must do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class _Make:
    """The make that called us, seen from outside."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.caught = self._caught()

    def is_stopping(self) -> bool:
        """Tell whether it died, or took a signal: it then puts the default back in place and waits for us."""
        return os.getppid() != self.pid or bool(self.caught & ~self._caught())

    def _caught(self) -> int:
        """Read which signals it handles, as a mask; nothing where this is no make or there is no /proc."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return 0
        mask = re.search(r"^Name:\tg?make\n.*^SigCgt:\t([0-9a-f]+)$", status, re.MULTILINE | re.DOTALL)
        return int(mask[1], 16) & sum(1 << (stop - 1) for stop in _STOPS) if mask else 0


@contextlib.contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    # What our caller ignores (nohup, a background job of a script) stays ignored.
    before = {stop: old for stop in _STOPS if (old := signal.getsignal(stop)) is not signal.SIG_IGN}
    for stop in before:
        signal.signal(stop, handler)
    try:
        yield
    finally:
        for stop, old in before.items():
            signal.signal(stop, old)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
