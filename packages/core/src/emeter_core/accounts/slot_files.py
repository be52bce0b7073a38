"""Slots that processes share: files, each locked by who is in it; and whose turn it is at the next one.

The kernel unlocks them when a process dies.
"""

import fcntl
import os
import stat
import time
from collections.abc import Callable, Sequence
from pathlib import Path

# How often who waits looks whether another process is done; a hash takes ten times as long.
_LOOK_EVERY_S = 0.02
# Whoever takes a slot holds the gate; in an ordinary turn, the turn too.
_GATE, _TURN = ("gate",), ("turn",)


class SlotFiles:
    """So many slots, for all processes that name this directory and may write there."""

    def __init__(self, directory: Path, number: int) -> None:
        self.directory = directory
        self._slots = tuple(map(str, range(number)))

    def wait(self, is_wanted: Callable[[], bool], is_first: Callable[[], bool]) -> int | None:
        """Lock a slot: the file to close afterwards; None as soon as it is not wanted any more.

        One of those who wait has the turn. Else a process with a queue would take its slots again before any
        other one looks. As long as `is_first` says so it keeps the gate shut instead: the next slot is its
        own, whoever has the turn. Raises OSError where the directory cannot be used.
        """
        self._make_directory()
        turn = gate = None
        try:
            while is_wanted():
                first = is_first()
                if turn is None and not first:
                    turn = self._try(_TURN)
                if gate is None and (first or turn is not None):
                    gate = self._try(_GATE)
                if gate is not None and (slot := self._try(self._slots)) is not None:
                    return slot
                if not first:
                    _unlock(gate)
                    gate = None
                time.sleep(_LOOK_EVERY_S)
        finally:
            _unlock(gate)
            _unlock(turn)
        return None

    def _try(self, names: Sequence[str]) -> int | None:
        """Lock one of these files; None where others have them all."""
        return next((file for name in names if (file := self._try_file(name)) is not None), None)

    def _try_file(self, name: str) -> int | None:
        """Each try opens it: locks belong to the opening."""
        path = self.directory / name
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(file)
            if isinstance(error, BlockingIOError):
                return None
            raise
        return file

    def _make_directory(self) -> None:
        """Make it, 0700; raises OSError where somebody else was first."""
        try:
            self.directory.mkdir(mode=0o700)
        except FileExistsError:
            found = self.directory.lstat()
            is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
            if not is_ours or found.st_mode & 0o077:
                raise PermissionError(f"{self.directory} is somebody else's, or open to others") from None


def _unlock(file: int | None) -> None:
    if file is not None:
        os.close(file)
