"""What a job tells us: a plain value."""

import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

MAX_MESSAGE = 2048
"""So many bytes of what comes with a ping are kept."""

_MAX_EXIT_CODE = 255


class PingKind(StrEnum):
    """What a ping says."""

    SUCCESS = "success"
    FAIL = "fail"
    START = "start"
    LOG = "log"


ENDS = frozenset({PingKind.SUCCESS, PingKind.FAIL})


@dataclass(frozen=True, slots=True)
class Ping:
    """One ping. `rid` tells overlapping runs apart; `run_us` is how long the run took, where the job says so.

    `message` is cut to MAX_MESSAGE bytes.
    """

    kind: PingKind
    exit_code: int | None = None
    rid: uuid.UUID | None = None
    message: str = ""
    run_us: int | None = None

    @classmethod
    def of_exit_code(cls, code: int, *, rid: uuid.UUID | None = None, message: str = "") -> Self | None:
        """The end of a run by the exit code of its process, 0 to 255; None for another number."""
        if not 0 <= code <= _MAX_EXIT_CODE:
            return None
        return cls(PingKind.FAIL if code else PingKind.SUCCESS, code, rid, message)

    @property
    def is_end(self) -> bool:
        """Whether it ends a run, and so counts."""
        return self.kind in ENDS

    @property
    def run(self) -> str:
        """The run that it is of: empty for the one without a name."""
        return str(self.rid) if self.rid else ""


def clean_message(data: bytes) -> str:
    """What came with a ping as text that can be stored, cut to MAX_MESSAGE bytes."""
    text = data[:MAX_MESSAGE].decode("utf-8", errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text.encode()[:MAX_MESSAGE].decode("utf-8", errors="ignore").strip()
