"""A request as it comes in: its head and what is short of its body are held until a thread can have them."""

import re
import time
from typing import Any

from gunicorn.workers.gthread import TConn  # type: ignore[import-untyped]  # it ships no types

MAX_COLLECTED = 64 * 1024
# The whole head, or what will never be one: gunicorn takes no line that ends without a return.
_HEAD_ENDS = re.compile(rb"\r\n\r\n|(?<!\r)\n")
_TOO_LONG, _ADDRESS_TOO_LONG = 431, 414
# No length has more digits that is worth reading.
_MAX_DIGITS = 18


class Connection(TConn):  # type: ignore[misc]  # gunicorn ships no types
    """A connection, and what has come of its next request: at most MAX_COLLECTED bytes and one.

    `lasts_until` is when somebody loses patience, by the monotonic clock; `patience` is how many seconds the
    thread that answers has for the rest of a body.
    """

    def __init__(self, *given: Any) -> None:  # noqa: ANN401 - whatever gunicorn gives
        super().__init__(*given)
        self.began_at = self.lasts_until = 0.0
        self.patience = 0.0
        self.has_place = False
        self.refused: int | None = None
        self.begin(0.0)

    def begin(self, within_s: float) -> None:
        """Wait for the next request from now on."""
        self.began_at = time.monotonic()
        self.lasts_until = self.began_at + within_s
        self.has_head = False
        self._size: int | None = None
        self._data = bytearray()

    @property
    def room(self) -> int:
        """How much is to be taken in next, in bytes."""
        return (MAX_COLLECTED + 1 if self._size is None else self._size) - len(self._data)

    @property
    def is_whole(self) -> bool:
        """Whether head and body are here."""
        return self._size is not None and len(self._data) >= self._size

    @property
    def is_open_ended(self) -> bool:
        """Whether a thread must read the body: it is long, or does not say plainly how long it is."""
        return self.has_head and self._size is None

    @property
    def error(self) -> int | None:
        """The status of what will never be a request, being too long; None where it may be one."""
        if self.has_head or len(self._data) <= MAX_COLLECTED:
            return None
        return _TOO_LONG if b"\r\n" in self._data else _ADDRESS_TOO_LONG

    def add(self, data: bytes) -> None:
        """Take in what has come."""
        searched = max(0, len(self._data) - 3)
        self._data += data
        end = None if self.has_head else _HEAD_ENDS.search(self._data, searched)
        if end is not None:
            self.has_head = True
            # After a line that ends wrongly nothing is waited for.
            is_head = end.group() != b"\n"
            length = length_of_body(bytes(self._data[: end.start()])) if is_head else 0
            if length is not None and end.end() + length <= MAX_COLLECTED:
                self._size = end.end() + length

    def take(self) -> bytes:
        """Hand out what there is, and hold it no more."""
        data = bytes(self._data)
        self._data = bytearray()
        return data


def length_of_body(head: bytes) -> int | None:
    """How many bytes follow a head; None where they are not counted there, or the client wants a word first.

    What is wrong with the head is for gunicorn to say: nobody but gunicorn acts on this length.
    """
    fields = [line.partition(b":") for line in head.split(b"\r\n")]
    names = {name.lower() for name, _, _ in fields}
    lengths = [value.strip(b" \t") for name, _, value in fields if name.lower() == b"content-length"]
    if b"transfer-encoding" in names or (lengths and b"expect" in names) or len(lengths) > 1:
        return None
    if not lengths:
        return 0
    return int(lengths[0]) if lengths[0].isdigit() and len(lengths[0]) <= _MAX_DIGITS else None
