"""A body as it comes in: inflated by us, counted after inflating, cut off at the cap."""

import zlib
from enum import Enum

from emeter_checker.kinds.http import fields
from emeter_checker.kinds.http.keyword import Search, charset

_STOP = -1
"""What libcurl takes from a write callback as "end this transfer"."""

_GZIP = 16 + zlib.MAX_WBITS
_CODING_OVERHEAD = 1024
"""Bytes by which a coded body may be longer than the cap on what is in it."""
_PIECES_MAX = 65_536
"""Pieces in which a body may come, each of which costs us a call however small it is."""
_CODINGS = {b"gzip": _GZIP, b"x-gzip": _GZIP, b"deflate": zlib.MAX_WBITS}


class Stop(Enum):
    """Why a body was not read to its end."""

    NO = 0
    NOT_WANTED = 1  # of a redirect that is followed
    TOO_LARGE = 2
    HEADERS_TOO_LARGE = 3
    CODED_TWICE = 4
    BROKEN_CODING = 5


class Body:
    """Reads the body of one hop after the other; `lines` is filled by libcurl with the header lines.

    `raw` counts the bytes that came, `size` what they are once inflated.
    """

    __slots__ = (
        "_cap",
        "_inflater",
        "_kept",
        "_keyword",
        "_pieces",
        "_search",
        "_skipped",
        "_stored",
        "is_foreign",
        "lines",
        "raw",
        "size",
        "stop",
    )

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        # One buffer: a server may send byte by byte, and each piece would be an object.
        self._stored = bytearray()
        self.begin(0, 0, frozenset())

    def begin(self, cap: int, kept: int, skipped: frozenset[int], keyword: str = "") -> None:
        """Get ready for a hop: `cap` bytes at most, the first `kept` stored, none read of a skipped code."""
        self.drop()
        self._cap = cap
        self._kept = kept
        self._skipped = skipped
        self._keyword = keyword
        self._search: Search | None = None
        self._inflater: zlib._Decompress | None = None
        self.raw = 0
        self._pieces = 0
        self.size = 0
        self.stop = Stop.NO
        self.is_foreign = False
        """Whether it came in a coding that was not asked for and cannot be undone."""

    def drop(self) -> None:
        """Let go of what was read."""
        self.lines.clear()
        self._stored.clear()

    def write(self, chunk: bytes) -> int | None:
        """Take what libcurl received."""
        if not self.raw and not self._open(chunk):
            return _STOP
        self.raw += len(chunk)
        self._pieces += 1
        if self._pieces > _PIECES_MAX:
            self.stop = Stop.TOO_LARGE
            return _STOP
        if self._inflater is None:
            return self._take(chunk)
        if self.raw > self._cap + _CODING_OVERHEAD:
            # Empty blocks without end inflate to nothing.
            self.stop = Stop.TOO_LARGE
            return _STOP
        return self._inflate(self._inflater, chunk)

    def text(self, most: int | None = None) -> str:
        """The first `most` bytes of what is stored, decoded as Content-Type says; bad bytes are replaced."""
        return bytes(self._stored[:most]).decode(charset(self.lines), "replace")

    def holds_keyword(self) -> bool:
        """Whether the keyword is in what came; to be asked at the end."""
        if self._search is None:
            return False
        self._search.read(b"", is_last=True)
        return self._search.found

    def _open(self, chunk: bytes) -> bool:
        """Look at the headers before the first byte; False where no body shall be read."""
        # All lines as one text tell quickly what most answers are not: large, redirects, coded.
        head = b"".join(self.lines)
        may_be_large = len(head) > fields.MAX_BYTES or len(self.lines) > fields.MAX_LINES
        if may_be_large and fields.too_large(self.lines):
            self.stop = Stop.HEADERS_TOO_LARGE
        elif self._skipped and self._code(head) in self._skipped:
            self.stop = Stop.NOT_WANTED
        elif b"content-encoding" in head.lower():
            self._choose_inflater(chunk)
        if self._keyword:
            self._search = Search(self._keyword, charset(self.lines))
        return self.stop is Stop.NO

    def _code(self, head: bytes) -> int:
        """The status code; of the first line, where no other can be a status line."""
        if head.startswith(b"HTTP/") and head.count(b"HTTP/") == 1:
            return fields.status(self.lines[0])
        return fields.code(self.lines)

    def _choose_inflater(self, chunk: bytes) -> None:
        if not any(line[:16].lower() == b"content-encoding" for line in self.lines):
            return
        codings = fields.codings(self.lines)
        if len(codings) > 1:
            self.stop = Stop.CODED_TWICE
        elif codings and codings[0] in _CODINGS:
            bits = _CODINGS[codings[0]]
            if bits == zlib.MAX_WBITS and not _has_zlib_header(chunk):
                bits = -zlib.MAX_WBITS
            self._inflater = zlib.decompressobj(bits)
        else:
            self.is_foreign = bool(codings)

    def _inflate(self, inflater: "zlib._Decompress", chunk: bytes) -> int | None:
        """Inflate what the cap leaves room for, and one byte more: by it one knows that there is more."""
        if inflater.eof:
            return None
        try:
            inflated = inflater.decompress(chunk, self._cap - self.size + 1)
        except zlib.error:
            self.stop = Stop.BROKEN_CODING
            return _STOP
        return self._take(inflated)

    def _take(self, chunk: bytes) -> int | None:
        self.size += len(chunk)
        room = self._kept - len(self._stored)
        if room > 0:
            self._stored += chunk if len(chunk) <= room else chunk[:room]
        if self._search is not None:
            self._search.read(chunk)
        if self.size > self._cap:
            self.stop = Stop.TOO_LARGE
            return _STOP
        return None


def _has_zlib_header(chunk: bytes) -> bool:
    """Whether "deflate" means RFC 1950, as it should, or bare RFC 1951, as some servers send it."""
    return len(chunk) > 1 and chunk[0] & 0x0F == zlib.DEFLATED and (chunk[0] << 8 | chunk[1]) % 31 == 0
